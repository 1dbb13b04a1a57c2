"""From a landed file to bytes that are safe to parse: unpacked, in UTF-8, under a plain name."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from finview.ingest.archives import MAX_CONTENT_BYTES, unpacked
from finview.ingest.encodings import NotUtf8, checked, converted
from finview.ingest.landing import TEXT_KINDS, LandedFile
from finview.ingest.ledger import FileState
from finview.ingest.refusal import Refusal

_BLOCK = 1 << 20
_CHANGED = "changed while it was read: write it as .tmp and rename it when complete"


@dataclass(frozen=True)
class Received:
    """A file that can be parsed: its content's SHA-256 as delivered (unpacked) and where it is."""

    sha256: str
    path: Path
    state: FileState
    note: str = ""


def content_sha256(file: LandedFile) -> tuple[str, FileState]:
    """SHA-256 of the unpacked content as delivered, and the state of the file it is of.

    Raises:
        Refusal: cannot be unpacked, too large, or changed meanwhile.
    """
    before = FileState.of(file.path)
    digest = hashlib.sha256()
    for block in _content(file):
        digest.update(block)
    if FileState.of(file.path) != before:
        raise Refusal(_CHANGED)
    return digest.hexdigest(), before


def check_unchanged(file: LandedFile, received: Received) -> None:
    """Compare the landed file with what was hashed; plain files are parsed where they lie.

    Raises:
        Refusal: it changed.
    """
    if FileState.of(file.path) != received.state:
        raise Refusal(_CHANGED)


def receive(file: LandedFile, work: Path) -> Received:
    """Read a file once: hash it, and make it safe to parse.

    Text is checked for UTF-8 and NUL bytes, other encodings are converted; what is packed is
    unpacked into `work`, within the limits.

    Raises:
        Refusal: the bytes break a rule, or the file changed while it was read.
    """
    before = FileState.of(file.path)
    safe = work / f"input.{file.kind}"
    safe.unlink(missing_ok=True)
    digest, note = hashlib.sha256(), ""
    is_text, is_packed = file.kind in TEXT_KINDS, file.member is not None or file.is_gzip
    try:
        blocks = _hashed(_content(file), digest)
        if is_text:
            blocks = checked(blocks)
        if is_packed:
            _write(safe, blocks)
        else:
            for _ in blocks:
                pass
            # A link under a plain name: hostile file names and wildcards never reach the parser.
            safe.symlink_to(file.path)
    except NotUtf8 as other:
        digest = hashlib.sha256()
        safe.unlink(missing_ok=True)
        name, blocks = converted(_hashed(_content(file), digest), other.position)
        _write(safe, blocks)
        note = f"converted from {name}"
    if FileState.of(file.path) != before:
        raise Refusal(_CHANGED)
    return Received(digest.hexdigest(), safe, before, note)


def _content(file: LandedFile) -> Iterator[bytes]:
    if file.member is not None or file.is_gzip:
        yield from unpacked(file.path, file.member)
        return
    if file.path.stat().st_size > MAX_CONTENT_BYTES:
        raise Refusal(f"larger than {MAX_CONTENT_BYTES} bytes: deliver it in parts")
    with file.path.open("rb") as source:
        while block := source.read(_BLOCK):
            yield block


def _hashed(blocks: Iterator[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for block in blocks:
        digest.update(block)
        yield block


def _write(path: Path, blocks: Iterator[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        for block in blocks:
            target.write(block)
