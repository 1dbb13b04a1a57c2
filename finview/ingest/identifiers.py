"""Personal data in SQL: keyed hashes of identifiers, and cleaning of addresses and free text.

A hash is HMAC-SHA256 over `<class>:<normalised value>`, its first 32 hex characters. The class is
part of the message so that a phone and a member number with the same digits do not match.
"""

from __future__ import annotations

import re

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
    # Ids of messengers tell capital from small letters.
    "open_id": "trim({v})",
    "union_id": "trim({v})",
    "wecom_user": "trim({v})",
    "member_number": "upper(trim({v}))",
    # Stored in plain text; hashed only for the suppression list.
    "customer_id": "trim({v})",
    "order_id": "trim({v})",
}
#: Earlier keys that are compared beside the one in use, see `old_listed`.
OLD_KEY_SLOTS = 3
#: What stands for an identifier that is on the suppression list under an earlier key.
LISTED = "on the suppression list"
#: Longest first: an id card holds digits that look like a mobile number.
MASKS = (
    (r"[0-9]{17}[0-9Xx]", "<id_card>"),
    (r"[A-Za-z0-9._%+-]+(@|%40)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "<email>"),
    (r"1[3-9][0-9]{9}", "<phone>"),
)

#: Every text with something to mask matches this.
_SUSPECT = "[0-9]{11}|@|%40"


def normalised(pii: str, value: str) -> str:
    """SQL of the normalised form of an identifier; `value` is a non-null varchar expression."""
    return _NORMALISED[pii].replace("{{", "{").replace("}}", "}").replace("{v}", value)


def keyed_hash(pii: str, value: str, slot: str = "") -> str:
    """SQL of the keyed hash of an identifier; null where nothing is left after normalising.

    `slot` names an earlier key, as bound by `finview.ingest.keys.bind_key`.
    """
    message = f"encode('{pii}:' || nullif({normalised(pii, value)}, ''))"
    inner = f"unhex(sha256(getvariable('finview_ipad{slot}') || {message}))"
    outer = f"sha256(getvariable('finview_opad{slot}') || {inner})"
    return f"substr({outer}, 1, {HASH_CHARACTERS})"


def old_listed(pii: str, value: str) -> str:
    """SQL: is the raw identifier on the suppression list under an earlier key?

    Costs nothing while no earlier key is bound: the planner folds each case to null.
    """
    tests = (
        f"case when getvariable('finview_ipad{slot}') is not null then list_contains("
        f"getvariable('finview_listed')::varchar[], {keyed_hash(pii, value, str(slot))}) end"
        for slot in range(1, OLD_KEY_SLOTS + 1)
    )
    return f"coalesce({', '.join(f'nullif({test}, false)' for test in tests)}, false)"


def cleaned(pii: str, value: str) -> str:
    """SQL of a `url` without query and fragment, or of `text`, both with identifiers masked."""
    text = f"regexp_replace({value}, '[?#].*$', '', 's')" if pii == "url" else value
    masks = text
    for pattern, mask in MASKS:
        masks = f"regexp_replace({masks}, '{pattern}', '{mask}', 'g')"
    return (
        f"nullif(case when regexp_matches({value}, '{_SUSPECT}') then {masks} else {text} end, '')"
    )


def masked(text: str) -> str:
    """A text that is shown or stored, such as a file name, with identifiers masked."""
    for pattern, mask in MASKS:
        text = re.sub(pattern, mask, text)
    return text


def accepted_value(column: Column, raw: str, typed: str) -> str:
    """SQL of what is stored for a column, from its trimmed text and its typed value."""
    if column.is_hashed:
        pii = str(column.pii)
        listed = old_listed(pii, raw) if pii != "name" else "false"
        return f"case when {listed} then '{LISTED}' else {keyed_hash(pii, raw)} end"
    if column.pii:
        return cleaned(column.pii, raw)
    return typed
