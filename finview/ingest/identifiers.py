"""Personal data in SQL: keyed hashes of identifiers, and cleaning of addresses and free text.

A hash is HMAC-SHA256 over `<class>:<normalised value>`, its first 32 hex characters. The class is
part of the message so that a phone and a member number with the same digits do not match.
"""

from __future__ import annotations

from finview.contract import Column

#: Hex characters kept: 128 bits, far beyond collisions among people and devices.
HASH_CHARACTERS = 32

_DIGITS = "regexp_replace({v}, '[^0-9]', '', 'g')"
_NORMALISED = {
    "phone": f"regexp_replace({_DIGITS}, '^(0086|86)(1[0-9]{{{{10}}}})$', '\\2')",
    "id_card": "upper(trim({v}))",
    "email": "lower(trim({v}))",
    "name": "trim({v})",
    "device": "lower(trim({v}))",
    "platform_user": "lower(trim({v}))",
}
#: Longest first: an id card holds digits that look like a mobile number.
_MASKS = (
    (r"[0-9]{17}[0-9Xx]", "<id_card>"),
    (r"[A-Za-z0-9._%+-]+(@|%40)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "<email>"),
    (r"1[3-9][0-9]{9}", "<phone>"),
)


def normalised(pii: str, value: str) -> str:
    """SQL of the normalised form of an identifier; `value` is a non-null varchar expression."""
    return _NORMALISED[pii].replace("{{", "{").replace("}}", "}").replace("{v}", value)


def keyed_hash(pii: str, value: str) -> str:
    """SQL of the keyed hash of an identifier; null where nothing is left after normalising."""
    message = f"encode('{pii}:' || nullif({normalised(pii, value)}, ''))"
    inner = f"unhex(sha256(getvariable('finview_ipad') || {message}))"
    outer = f"sha256(getvariable('finview_opad') || {inner})"
    return f"substr({outer}, 1, {HASH_CHARACTERS})"


def cleaned(pii: str, value: str) -> str:
    """SQL of a `url` without query and fragment, or of `text`, both with identifiers masked."""
    text = f"regexp_replace({value}, '[?#].*$', '', 's')" if pii == "url" else value
    for pattern, mask in _MASKS:
        text = f"regexp_replace({text}, '{pattern}', '{mask}', 'g')"
    return f"nullif({text}, '')"


def accepted_value(column: Column, raw: str, typed: str) -> str:
    """SQL of what is stored for a column, from its trimmed text and its typed value."""
    if column.is_hashed:
        return keyed_hash(str(column.pii), raw)
    if column.pii:
        return cleaned(column.pii, raw)
    return typed
