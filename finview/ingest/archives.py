"""Compressed deliveries: gzip files and zip archives, unpacked as streams within limits.

Nothing is ever written under a name from inside an archive.
"""

from __future__ import annotations

import gzip
import lzma
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from finview.ingest.refusal import Refusal

#: Bytes of one file after decompression: days of a large platform fit, a runaway file does not.
MAX_CONTENT_BYTES = 20 << 30
#: Gzip of real tables shrinks them 5 to 20 times, deflate ends at 1032: more than 200 is a bomb.
MAX_RATIO = 200
#: Below this size the ratio is not judged: tiny repetitive files are legitimate and harmless.
RATIO_FREE_BYTES = 16 << 20
#: Files in one archive: a year of daily files of one table fits.
MAX_MEMBERS = 1000
_PACKED = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst")
_BLOCK = 1 << 20
#: What the readers raise on damaged bytes; a name that is no UTF-8 is a ValueError.
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    RuntimeError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


def members(path: Path) -> list[str]:
    """Names of the files in a zip archive, sorted.

    Raises:
        Refusal: unreadable, encrypted, nested, with too many files, or with a hostile entry.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except _DAMAGED:
        raise Refusal("not a readable zip archive: deliver it again") from None
    if not entries:
        raise Refusal("an archive without files")
    if len(entries) > MAX_MEMBERS:
        raise Refusal(f"an archive of more than {MAX_MEMBERS} files: deliver it in parts")
    for entry in entries:
        _check_entry(entry)
    if max(Counter(entry.filename for entry in entries).values()) > 1:
        raise Refusal("an archive that has a name twice")
    size = sum(entry.file_size for entry in entries)
    if size > _limit(path.stat().st_size):
        raise Refusal(_too_large(path.stat().st_size))
    return sorted(entry.filename for entry in entries)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or name.parts[0].endswith(":"):
        raise Refusal("an archive with a path that leads out of it")
    if entry.flag_bits & 1:
        raise Refusal("an encrypted archive: deliver it without a password, over a safe channel")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refusal("an archive with a link")
    if name.name.lower().endswith(_PACKED):
        raise Refusal("an archive in an archive: deliver plain files in it")


def unpacked(path: Path, member: str | None) -> Iterator[bytes]:
    """The content of a gzip file, or of a member of a zip archive, block by block.

    Raises:
        Refusal: truncated, unreadable, or larger than the limits allow.
    """
    packed = path.stat().st_size
    limit, size = _limit(packed), 0
    kind = "gzip file" if member is None else "zip archive"
    try:
        with _opened(path, member) as reader:
            while block := reader.read(_BLOCK):
                size += len(block)
                if size > limit:
                    raise Refusal(_too_large(packed))
                yield block
    except EOFError:
        raise Refusal(f"the {kind} is truncated: deliver it again") from None
    except _DAMAGED:
        raise Refusal(f"not a readable {kind}: deliver it again") from None


def _opened(path: Path, member: str | None) -> IO[bytes]:
    if member is None:
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return zipfile.ZipFile(path).open(member)


def _limit(packed: int) -> int:
    return min(MAX_CONTENT_BYTES, max(RATIO_FREE_BYTES, packed * MAX_RATIO))


def _too_large(packed: int) -> str:
    return (
        f"unpacks to more than {_limit(packed)} bytes from {packed}: "
        "a compression bomb, or too large; deliver it in parts"
    )
