"""Identifiers as the marts write them, so that users can be compared one by one.

A hash is HMAC-SHA256 over the class and the value, as docs/privacy.md has it; written here with
Python's own `hmac`. Names also decide where two links are otherwise alike.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from second_way.raw import Node

Namer = Callable[[Node], str]
#: Numbers that source systems gave are no personal data and stay as they are.
PLAIN = ("customer", "lead")


def namer(keys: Path, default: str = "") -> Namer:
    """A function that names a node `type:value`, under the key a home was built with."""
    sample = keys / "sample.key"
    text = os.environ.get("FINVIEW_HASH_KEY") or default
    secret = sample.read_bytes().strip() if sample.exists() else text.encode()
    if not secret:
        raise ValueError("no key to name identifiers with")

    @cache
    def name(node: Node) -> str:
        kind, value = node
        if kind in PLAIN:
            return f"{kind}:{value}"
        digest = hmac.new(secret, f"{kind}:{value}".encode(), hashlib.sha256)
        return f"{kind}:{digest.hexdigest()[:32]}"

    return name
