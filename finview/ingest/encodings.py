"""Text in UTF-8: what else arrives is recognised and converted, or refused by name.

UTF-16 is known by its byte order mark. GB18030 (which holds GBK and GB2312) has none: a file is
taken as such when every byte decodes and nine in ten of its characters beyond ASCII are those of
GB2312, the everyday characters. Accented Latin letters followed by plain ones, as in a Latin-1
file, decode too, but to rare characters.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from finview.ingest.refusal import Refusal

#: Share of GB2312 among the characters beyond ASCII that makes a file GB18030.
EVERYDAY_SHARE = 0.9
_LOOKED_AT = 4096


class NotUtf8(Exception):
    """The bytes are not UTF-8; `position` is the first one that is not."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


def checked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same blocks, checked for being UTF-8 text without NUL, and not empty.

    Raises:
        Refusal: empty, truncated inside a character, or with a NUL byte.
        NotUtf8: another encoding.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = 0
    for block in blocks:
        if size == 0 and block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise NotUtf8(0)
        if (at := block.find(b"\0")) >= 0:
            raise Refusal(_nul_problem(block, size + at))
        if block.isascii() and not decoder.getstate()[0]:
            size += len(block)
            yield block
            continue
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            raise NotUtf8(size - pending + error.start) from None
        size += len(block)
        yield block
    if size == 0:
        raise Refusal("empty")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise NotUtf8(size) from None


def _nul_problem(block: bytes, position: int) -> str:
    start = block[:_LOOKED_AT]
    if min(len(start[::2]), len(start[1::2])) > 8:
        shares = [part.count(0) / len(part) for part in (start[::2], start[1::2])]
        if max(shares) > 0.4 and min(shares) < 0.1:
            return "looks like UTF-16 without a byte order mark: deliver UTF-8"
    return f"holds a NUL byte at byte {position}: not a text file"


def converted(blocks: Iterable[bytes], position: int) -> tuple[str, Iterator[bytes]]:
    """Name of the encoding of a file that is not UTF-8, and its content in UTF-8.

    The stream itself checks: it must be read to its end before anything of it is used.

    Args:
        blocks: The content anew, from its begin.
        position: First byte that is not UTF-8, for the message.
    """
    stream = iter(blocks)
    first = next(stream, b"")
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if first.startswith(mark):
            return "UTF-16", _from_utf16(first[2:], stream, name)
    return "GB18030", _from_gb18030(first, stream, position)


def _from_utf16(first: bytes, rest: Iterator[bytes], name: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        for block in _chained(first, rest):
            yield _plain(decoder.decode(block))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Refusal("broken or truncated UTF-16: deliver UTF-8") from None


def _from_gb18030(first: bytes, rest: Iterator[bytes], position: int) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("gb18030")()
    beyond = everyday = 0
    try:
        for block in _chained(first, rest):
            text = decoder.decode(block)
            ascii_count = len(text.encode("ascii", "ignore"))
            beyond += len(text) - ascii_count
            everyday += len(text.encode("gb2312", "ignore").decode("gb2312")) - ascii_count
            yield _plain(text)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Refusal(f"not UTF-8 at byte {position}, nor GB18030: deliver UTF-8") from None
    if everyday < EVERYDAY_SHARE * beyond:
        raise Refusal(
            f"not UTF-8 at byte {position}, and unlike Chinese text in GB18030 "
            "(Latin-1?): deliver UTF-8"
        )


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _plain(text: str) -> bytes:
    if "\0" in text:
        raise Refusal("holds a NUL character: not a text file")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise Refusal("holds half of a surrogate pair: deliver UTF-8") from None
