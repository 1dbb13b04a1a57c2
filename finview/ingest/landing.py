"""The files under landing: which there are, and whether their bytes may be read at all.

A `Refusal` is for the file as a whole; its text may name columns and byte positions, never values.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from finview.contract import Contract, Table
from finview.settings import Home

#: Bytes of one file after decompression: days of a large platform fit, a runaway file does not.
MAX_CONTENT_BYTES = 20 << 30
#: Gzip of real tables shrinks them 5 to 20 times, deflate ends at 1032: more than 200 is a bomb.
MAX_GZIP_RATIO = 200
#: Below this size the ratio is not judged: tiny repetitive files are legitimate and harmless.
RATIO_FREE_BYTES = 16 << 20
TEXT_KINDS = ("csv", "jsonl", "ndjson")
_BLOCK = 1 << 20
_UNFINISHED = (".tmp", ".part")


class Refusal(Exception):
    """A file that cannot be taken, with the reason for its owner."""


@dataclass(frozen=True)
class LandedFile:
    """One delivered file; `table` is None where the folder is in no contract."""

    path: Path
    source: str
    table_name: str
    name: str
    table: Table | None

    @property
    def kind(self) -> str:
        """Csv, jsonl or parquet by extension; other extensions as they are."""
        suffix = Path(self.path.name.lower().removesuffix(".gz")).suffix.removeprefix(".")
        return "jsonl" if suffix == "ndjson" else suffix

    @property
    def is_compressed(self) -> bool:
        """Whether the name ends with .gz."""
        return self.path.name.lower().endswith(".gz")


def landed_files(home: Home, contract: Contract) -> tuple[LandedFile, ...]:
    """Every file under landing, sorted by path; hidden and unfinished ones left out."""
    tables = {(table.source, table.name): table for table in contract.tables}
    found = []
    for path in sorted(_walk(home.landing)):
        parts = path.relative_to(home.landing).parts
        source, name = (*parts[:-1], "", "")[:2] if len(parts) > 1 else ("", "")
        known = tables.get((source, name)) if len(parts) == 3 else None
        printable = os.fsencode("/".join(parts)).decode("utf-8", "backslashreplace")
        found.append(LandedFile(path, source, name, printable, known))
    return tuple(found)


def _walk(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and not name.lower().endswith(_UNFINISHED):
                yield Path(here) / name


def check_place(file: LandedFile) -> None:
    """Refuse what cannot be a delivery by its place, name or nature.

    Raises:
        Refusal: with the reason.
    """
    if file.table is None:
        raise Refusal("not in the folder <source>/<table> of a table of the contract")
    if file.path.is_symlink() or not file.path.is_file():
        raise Refusal("not a plain file (a link?)")
    try:
        file.path.name.encode("utf-8")
    except UnicodeEncodeError:
        raise Refusal("the file name is not UTF-8") from None
    if file.kind not in ("csv", "jsonl", "parquet") or (
        file.kind == "parquet" and file.is_compressed
    ):
        raise Refusal("unknown extension: use .csv, .jsonl, .ndjson (also .gz) or .parquet")


def receive(file: LandedFile, work: Path) -> tuple[str, Path]:
    """Read a file once: its SHA-256 (of the decompressed content) and a path safe to parse.

    Text is checked for UTF-8 and NUL bytes; gzip is unpacked into `work`, within the size limits.

    Raises:
        Refusal: the bytes break a rule, or the file changed while it was read.
    """
    before = file.path.stat()
    safe = work / f"input.{file.kind}"
    safe.unlink(missing_ok=True)
    check = _TextCheck() if file.kind != "parquet" else None
    digest = hashlib.sha256()
    if file.is_compressed:
        descriptor = os.open(safe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            for block in _unpacked(file.path, before.st_size):
                digest.update(block)
                target.write(block)
                if check:
                    check.feed(block)
    else:
        # A link under a plain name: hostile file names and wildcards never reach the parser.
        safe.symlink_to(file.path)
        if before.st_size > MAX_CONTENT_BYTES:
            raise Refusal(f"larger than {MAX_CONTENT_BYTES} bytes: deliver it in parts")
        with file.path.open("rb") as source:
            while block := source.read(_BLOCK):
                digest.update(block)
                if check:
                    check.feed(block)
    if check:
        check.close()
    after = file.path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Refusal("changed while it was read: write it as .tmp and rename it when complete")
    return digest.hexdigest(), safe


def _unpacked(path: Path, packed_size: int) -> Iterator[bytes]:
    limit = min(MAX_CONTENT_BYTES, max(RATIO_FREE_BYTES, packed_size * MAX_GZIP_RATIO))
    size = 0
    with gzip.open(path, "rb") as source:
        reader: IO[bytes] = source  # type: ignore[assignment]
        while True:
            try:
                block = reader.read(_BLOCK)
            except EOFError:
                raise Refusal("the gzip file is truncated: deliver it again") from None
            except (OSError, zlib.error):
                raise Refusal("not a readable gzip file: deliver it again") from None
            if not block:
                return
            size += len(block)
            if size > limit:
                raise Refusal(
                    f"unpacks to more than {limit} bytes from {packed_size}: "
                    "a compression bomb, or too large; deliver it in parts"
                )
            yield block


class _TextCheck:
    """Streaming check that bytes are UTF-8 text without NUL, and not empty."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._size = 0

    def feed(self, block: bytes) -> None:
        if self._size == 0 and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise Refusal("encoded as UTF-16: deliver UTF-8")
        if (at := block.find(b"\0")) >= 0:
            raise Refusal(f"holds a NUL byte at byte {self._size + at}: not a text file")
        pending = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(block)
        except UnicodeDecodeError as error:
            position = self._size - pending + error.start
            raise Refusal(_encoding_problem(block, position)) from None
        self._size += len(block)

    def close(self) -> None:
        if self._size == 0:
            raise Refusal("empty")
        try:
            self._decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise Refusal("ends inside a UTF-8 character: truncated?") from None


def _encoding_problem(block: bytes, position: int) -> str:
    """Name the likely encoding; a cut character at the end of the block does not count."""
    try:
        codecs.getincrementaldecoder("gb18030")().decode(block)
    except UnicodeDecodeError:
        return f"not UTF-8 at byte {position}: deliver UTF-8"
    return f"not UTF-8 at byte {position}, looks like GBK/GB18030: deliver UTF-8"
