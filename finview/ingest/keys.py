"""The secret key of the identifier hashes: where it comes from, and that it stays the same.

The key is read from the environment and handed to DuckDB as a bound parameter of a private
connection. It never becomes part of SQL text, logs or messages.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from finview.durable import write_atomic
from finview.errors import FinviewError
from finview.ingest.ledger import Ledger
from finview.settings import Home

KEY_VARIABLE = "FINVIEW_HASH_KEY"
VERSION_VARIABLE = "FINVIEW_HASH_KEY_VERSION"
#: Earlier keys, separated by commas: the suppression list may hold entries made with them.
OLD_VARIABLE = "FINVIEW_HASH_KEY_OLD"
#: 32 characters of a random hex or base64 text: beyond any dictionary or brute force.
MIN_KEY_CHARACTERS = 32
_BLOCK = 64
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HashKey:
    """The key with its version; `is_sample` when finview made it itself."""

    version: str
    is_sample: bool
    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without revealing them."""
        return hmac.new(self.secret, b"finview key fingerprint", hashlib.sha256).hexdigest()[:16]

    @property
    def warning(self) -> str:
        """What the user must know about this key; empty for a key of their own."""
        if not self.is_sample:
            return ""
        return (
            f"identifiers are hashed with a SAMPLE key (keys/sample.key): "
            f"set {KEY_VARIABLE} before loading real people's data"
        )


def load_key(
    home: Home,
    ledger: Ledger,
    environment: Mapping[str, str] | None = None,
    *,
    quiet: bool = False,
) -> HashKey:
    """The key of this run, checked against the ledger; `quiet` for a second look at it.

    Raises:
        FinviewError: too short, absent after a key was in use, or different under the same version.
    """
    variables = os.environ if environment is None else environment
    version = variables.get(VERSION_VARIABLE) or "k1"
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", version):
        raise FinviewError(f"{VERSION_VARIABLE} is not a short name", "use one such as k1")
    text = variables.get(KEY_VARIABLE, "")
    if text:
        if len(text) < MIN_KEY_CHARACTERS:
            raise FinviewError(
                f"{KEY_VARIABLE} is shorter than {MIN_KEY_CHARACTERS} characters",
                "make one with: python -c 'import secrets; print(secrets.token_hex(32))'",
            )
        key = HashKey(version, False, text.encode())
    else:
        if ledger.has_own_key():
            raise FinviewError(
                f"{KEY_VARIABLE} is not set, but this home was begun with a key of its own",
                f"set {KEY_VARIABLE} to that key; without it identifiers would no longer match",
            )
        key = HashKey(version, True, _sample_secret(home))
        if not quiet:
            _log.warning(key.warning)
    _check_unchanged(ledger, key)
    return key


def _sample_secret(home: Home) -> bytes:
    path = home.keys / "sample.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, secrets.token_hex(32))
    return path.read_bytes().strip()


def _check_unchanged(ledger: Ledger, key: HashKey) -> None:
    known = ledger.key_fingerprint(key.version)
    if known is None:
        ledger.add_key(key.version, key.fingerprint, key.is_sample)
    elif known != key.fingerprint:
        raise FinviewError(
            f"the hash key differs from the one this home knows as version {key.version}",
            f"restore that key, or give the new one its own {VERSION_VARIABLE} "
            "(identifiers of different versions do not match)",
        )


def old_secrets(environment: Mapping[str, str] | None = None) -> tuple[HashKey, ...]:
    """The earlier keys that the environment gives; their versions are not known here.

    Raises:
        FinviewError: one is too short.
    """
    variables = os.environ if environment is None else environment
    texts = [text.strip() for text in variables.get(OLD_VARIABLE, "").split(",") if text.strip()]
    if any(len(text) < MIN_KEY_CHARACTERS for text in texts):
        raise FinviewError(
            f"{OLD_VARIABLE} holds a key shorter than {MIN_KEY_CHARACTERS} characters",
            "give the earlier keys in full, separated by commas",
        )
    return tuple(HashKey("", False, text.encode()) for text in texts)


def bind_key(connection: duckdb.DuckDBPyConnection, key: HashKey, slot: str = "") -> None:
    """Put the two padded HMAC keys into session variables of a private connection.

    `slot` is empty for the key in use, `1`, `2`, … for earlier ones.
    """
    secret = hashlib.sha256(key.secret).digest() if len(key.secret) > _BLOCK else key.secret
    padded = secret.ljust(_BLOCK, b"\0")
    for name, pad in ((f"finview_ipad{slot}", 0x36), (f"finview_opad{slot}", 0x5C)):
        value = bytes(byte ^ pad for byte in padded)
        connection.execute(f"set variable {name} = $1::blob", [value])
