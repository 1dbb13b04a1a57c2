"""Control files: what the sender says a delivery holds, checked before it counts.

Beside `orders.csv` may lie `orders.csv.sha256` (as `sha256sum` writes it) or
`orders.csv.control.json` with any of `rows` (records without the header), `sha256` (of the file as
delivered) and `sums` (amount column to decimal text).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from finview.ingest.refusal import Refusal

_LARGEST = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Control:
    """What must be in a file; None and empty where the sender says nothing."""

    rows: int | None = None
    sha256: str | None = None
    sums: Mapping[str, Decimal] = field(default_factory=dict)


def read_control(path: Path) -> Control:
    """The control files of the landed file at `path`, together.

    Raises:
        Refusal: one of them is no control file, or they contradict each other.
    """
    stated = Control()
    json_file = path.with_name(path.name + ".control.json")
    if json_file.exists():
        stated = _parsed(_text(json_file))
    sha_file = path.with_name(path.name + ".sha256")
    if sha_file.exists():
        words = _text(sha_file).split()
        if not words or not _SHA256.fullmatch(words[0].lower()):
            raise Refusal("its .sha256 file does not begin with a SHA-256 in hex")
        if stated.sha256 not in (None, words[0].lower()):
            raise Refusal("its two control files name different SHA-256")
        stated = Control(stated.rows, words[0].lower(), stated.sums)
    return stated


def _text(path: Path) -> str:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
        raise Refusal("its control file is no plain small file")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal("its control file is not UTF-8") from None


def _parsed(text: str) -> Control:
    try:
        found: Any = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Refusal("its control file is no JSON") from None
    if not isinstance(found, dict) or not found or set(found) - {"rows", "sha256", "sums"}:
        raise Refusal("its control file must be an object of rows, sha256 and sums")
    rows, sha256, sums = found.get("rows"), found.get("sha256"), found.get("sums", {})
    if rows is not None and (not isinstance(rows, int) or isinstance(rows, bool) or rows < 0):
        raise Refusal("rows of its control file is no whole number")
    if sha256 is not None and not _SHA256.fullmatch(str(sha256).lower()):
        raise Refusal("sha256 of its control file is no SHA-256 in hex")
    if not isinstance(sums, dict):
        raise Refusal("sums of its control file is no object of column and amount")
    try:
        amounts = {str(name): Decimal(str(value)) for name, value in sums.items()}
    except InvalidOperation:
        raise Refusal("sums of its control file holds something that is no amount") from None
    if not all(amount.is_finite() for amount in amounts.values()):
        raise Refusal("sums of its control file holds something that is no amount")
    return Control(rows, str(sha256).lower() if sha256 else None, amounts)


def check_bytes(control: Control, path: Path) -> None:
    """Compare the file as delivered with the SHA-256 that was stated.

    Raises:
        Refusal: they differ.
    """
    if control.sha256 is None:
        return
    with path.open("rb") as source:
        found = hashlib.file_digest(source, "sha256").hexdigest()
    if found != control.sha256:
        raise Refusal("its SHA-256 is not the one of its control file: deliver both again")


def check_totals(control: Control, rows: int, amounts: Mapping[str, Mapping[str, str]]) -> None:
    """Compare what was read with the rows and sums that were stated.

    Args:
        control: What the sender states.
        rows: Records of the file, malformed ones included.
        amounts: Per amount column the sum `in` as decimal text and the count `unparseable`.

    Raises:
        Refusal: a difference, or a sum of something that is no amount column.
    """
    if control.rows is not None and control.rows != rows:
        raise Refusal(f"its control file says {control.rows} rows, it has {rows}: deliver it again")
    for column, stated in control.sums.items():
        if column not in amounts:
            raise Refusal("its control file has the sum of a column that is no amount")
        found = amounts[column]
        if Decimal(found["in"]) != stated or int(found["unparseable"]):
            raise Refusal(
                f"its control file says {stated:f} for '{column}', it has {found['in']} "
                f"and {found['unparseable']} values that are no amount: deliver it again"
            )
