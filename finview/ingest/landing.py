"""The files under landing: which there are, and whether they can be a delivery at all.

A `Refusal` is for the file as a whole; its text may name columns and byte positions, never values.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from finview.contract import Contract, Table
from finview.ingest import archives
from finview.ingest.identifiers import masked
from finview.ingest.refusal import Refusal
from finview.settings import Home

TEXT_KINDS = ("csv", "jsonl")
#: Endings of the files that say what a delivery must hold, see `finview.ingest.control`.
CONTROL_ENDINGS = (".control.json", ".sha256")
_UNFINISHED = (".tmp", ".part")


@dataclass(frozen=True)
class LandedFile:
    """One delivered file, or one member of a delivered zip archive.

    `table` is None where the folder is in no contract. `name` is its path below landing with
    identifiers masked, and `/member` for a member. `problem` is why it cannot be a delivery.
    """

    path: Path
    source: str
    table_name: str
    name: str
    table: Table | None
    member: str | None = None
    problem: str | None = None

    @property
    def kind(self) -> str:
        """Csv, jsonl or parquet by extension; other extensions as they are."""
        name = self.member if self.member is not None else self.path.name
        suffix = Path(name.lower().removesuffix(".gz")).suffix.removeprefix(".")
        return "jsonl" if suffix == "ndjson" else suffix

    @property
    def is_gzip(self) -> bool:
        """Whether the name ends with .gz."""
        return self.member is None and self.path.name.lower().endswith(".gz")


def landed_files(home: Home, contract: Contract) -> tuple[LandedFile, ...]:
    """Every file under landing and every member of archives there, sorted by path.

    Hidden and unfinished files are left out, control files too, unless they control nothing.
    """
    tables = {(table.source, table.name): table for table in contract.tables}
    found: list[LandedFile] = []
    for path in sorted(_walk(home.landing)):
        parts = path.relative_to(home.landing).parts
        source, name = (*parts[:-1], "", "")[:2] if len(parts) > 1 else ("", "")
        known = tables.get((source, name)) if len(parts) == 3 else None
        file = LandedFile(
            path, _printable(source), _printable(name), _printable("/".join(parts)), known
        )
        controlled = next((end for end in CONTROL_ENDINGS if path.name.endswith(end)), None)
        if controlled:
            if not path.with_name(path.name.removesuffix(controlled)).exists():
                found.append(replace(file, problem="a control file whose data file is not here"))
        elif known and path.name.lower().endswith(".zip") and _is_plain(path):
            found += _members(file)
        else:
            found.append(file)
    return tuple(found)


def _members(archive: LandedFile) -> list[LandedFile]:
    try:
        names = archives.members(archive.path)
    except Refusal as refusal:
        return [replace(archive, problem=str(refusal))]
    return [
        replace(archive, member=member, name=f"{archive.name}/{_printable(member)}")
        for member in names
    ]


def _printable(name: str) -> str:
    return masked(os.fsencode(name).decode("utf-8", "backslashreplace"))


def _is_plain(path: Path) -> bool:
    return not path.is_symlink() and path.is_file()


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
    if file.problem:
        raise Refusal(file.problem)
    if not _is_plain(file.path):
        raise Refusal("not a plain file (a link?)")
    try:
        file.path.name.encode("utf-8")
    except UnicodeEncodeError:
        raise Refusal("the file name is not UTF-8") from None
    if file.kind not in (*TEXT_KINDS, "parquet") or (file.kind == "parquet" and file.is_gzip):
        raise Refusal("unknown extension: use .csv, .jsonl, .ndjson (also .gz), .parquet or .zip")
