"""Real data sets into the landing folder of a home, through the mappings in `examples/`.

A mapping is one SQL file per raw table, `examples/<example>/<source>.<table>.sql`: a DuckDB
query whose output columns are columns of the contract. It reads the source folder as
`getvariable('from') || '/<file>'`, so a path is never formatted into SQL. Rows are not checked
here: that is ingestion's work.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from finview.contract import Contract, Table, load_contract
from finview.durable import sync_folder, write_atomic
from finview.errors import FinviewError
from finview.settings import SETTINGS_TEMPLATE, Home, project_root

_SOURCE_FILE = re.compile(r"getvariable\('from'\)\s*\|\|\s*'/([^']+)'")
#: DuckDB would read these in a path as a pattern, and so match other files than the one named.
_PATTERN_CHARACTERS = frozenset("*?[]{}")


@dataclass(frozen=True)
class Mapping:
    """One SQL file of an example and the raw table it fills."""

    path: Path
    table: Table
    sql: str

    @property
    def source_files(self) -> tuple[str, ...]:
        """Names of the files the query reads, relative to the source folder."""
        return tuple(sorted(set(_SOURCE_FILE.findall(self.sql))))


def list_examples(project: Path | None = None) -> tuple[str, ...]:
    """Names of the examples of a project, sorted."""
    folder = (project or project_root()) / "examples"
    return tuple(sorted(path.parent.name for path in folder.glob("*/finview.yml")))


def import_example(
    example: str, source_dir: Path, home: Home, *, project: Path | None = None
) -> dict[str, int]:
    """Map the data set in `source_dir` to `landing/<source>/<table>/<example>.parquet`.

    Makes the home if it is new and gives it the example's settings, unless its own were changed.
    Running it again replaces the same files by the same bytes. Nothing is written when any table
    fails.

    Args:
        example: Name of a folder under `examples/`.
        source_dir: Folder that holds the data set's files.
        home: A new home, or one that holds this example and nothing else.
        project: Checkout with `examples/` and the contract; found as by `project_root()` if None.

    Returns:
        Rows by full table name, such as `{"transaction.orders": 23970}`.

    Raises:
        FinviewError: unknown example, missing source file, home with other data, or a mapping
            that does not fit the contract.
    """
    root = project or project_root()
    mappings = _mappings(example, root)
    source = source_dir.expanduser().resolve()
    _require_sources(mappings, source)
    _refuse_other_data(home, example)
    home.create()
    _settle(home, root / "examples" / example / "finview.yml")
    pending = {mapping.path: _target(home, mapping.table, example) for mapping in mappings}
    with _connect(source, home) as connection:
        for mapping in mappings:
            _check_columns(connection, mapping)
        try:
            rows = {
                mapping.table.full_name: _write(connection, mapping, _temp(pending[mapping.path]))
                for mapping in mappings
            }
            for target in pending.values():
                _move_into_place(_temp(target), target)
        finally:
            for target in pending.values():
                _temp(target).unlink(missing_ok=True)
    return rows


def _mappings(example: str, root: Path) -> list[Mapping]:
    known = list_examples(root)
    if example not in known:
        raise FinviewError(f"no example {example!r}", f"use one of: {', '.join(known)}")
    contract = load_contract(root)
    paths = sorted((root / "examples" / example).glob("*.sql"))
    if not paths:
        raise FinviewError(f"examples/{example} holds no .sql file", "restore the files")
    return [_mapping(path, contract) for path in paths]


def _mapping(path: Path, contract: Contract) -> Mapping:
    source, _, name = path.stem.partition(".")
    return Mapping(path, contract.table(source, name), path.read_text(encoding="utf-8"))


def _require_sources(mappings: list[Mapping], source: Path) -> None:
    if _PATTERN_CHARACTERS & set(str(source)):
        raise FinviewError(
            f"the folder name {source} holds one of the characters * ? [ ] {{ }}",
            "give the data in a folder without them",
        )
    for mapping in mappings:
        for name in mapping.source_files:
            if not (source / name).is_file():
                raise FinviewError(
                    f"{source / name} is missing; {mapping.path.name} reads it",
                    "point --from at the folder that holds the data set's files",
                )


def _refuse_other_data(home: Home, example: str) -> None:
    """Two populations in one home would become one set of users; accepted data counts too."""
    landed = _files(home.landing)
    other = [path for path in landed if path.name != f"{example}.parquet"]
    accepted = [
        path
        for path in _files(home.accepted)
        if path.name != "_schema.parquet" and home.identity not in path.parents
    ]
    if not other and (landed or not accepted):
        return
    found = (other or accepted)[0]
    raise FinviewError(
        f"the home {home.root} already holds other data ({found.relative_to(home.root)}); "
        "different populations must not be mixed",
        "import into a new home: --home DIR",
    )


def _files(folder: Path) -> list[Path]:
    """Files below a folder, sorted; hidden ones left out, as ingestion does."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _settle(home: Home, example_settings: Path) -> None:
    """Give the home the example's settings unless someone changed its own."""
    current = home.settings_file.read_text(encoding="utf-8")
    if current == SETTINGS_TEMPLATE:
        write_atomic(home.settings_file, example_settings.read_text(encoding="utf-8"))


def _connect(source: Path, home: Home) -> duckdb.DuckDBPyConnection:
    """Connection that reaches the source folder and the landing folder, and nothing else."""
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    connection.execute('set variable "from" = ?', [str(source)])
    connection.execute("set temp_directory = ''")
    allowed = ", ".join(_literal(folder) for folder in (source, home.landing))
    connection.execute(f"set allowed_directories = [{allowed}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _check_columns(connection: duckdb.DuckDBPyConnection, mapping: Mapping) -> None:
    """Refuse columns the contract does not have, lacks, or types otherwise.

    Types must be the contract's own: a cast on the way out would round amounts in silence.
    """
    try:
        described = connection.execute(f"describe {mapping.sql}").fetchall()
    except duckdb.Error as error:
        raise FinviewError(f"{mapping.path.name}: {error}", "mend the mapping") from error
    where, columns = mapping.path.name, mapping.table.by_name
    found = {str(row[0]): str(row[1]).lower() for row in described}
    if unknown := [name for name in found if name not in columns]:
        raise FinviewError(
            f"{where}: {mapping.table.full_name} has no column {unknown[0]!r}",
            f"use columns of the contract: {', '.join(columns)}",
        )
    if missing := [name for name in mapping.table.required_columns if name not in found]:
        raise FinviewError(f"{where}: required column {missing[0]!r} is missing", "add it")
    for name, data_type in found.items():
        expected = columns[name].data_type.lower()
        if data_type != expected:
            raise FinviewError(
                f"{where}: {name} is {data_type}, the contract says {expected}",
                f"cast it: cast(… as {expected}) as {name}",
            )


def _target(home: Home, table: Table, example: str) -> Path:
    folder = home.landing
    for part in (table.source, table.name):
        folder = folder / part
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{example}.parquet"


def _temp(target: Path) -> Path:
    """Hidden name beside the target: ingestion ignores it, and a rename stays on one disk."""
    return target.with_name(f".{target.name}.tmp")


def _write(connection: duckdb.DuckDBPyConnection, mapping: Mapping, temp: Path) -> int:
    """Write the query's rows, sorted by the table's key, and return how many."""
    keys = ", ".join(f'"{name}"' for name in mapping.table.key)
    query = mapping.sql.strip().rstrip(";")
    try:
        result = connection.execute(
            f"copy (select * from (\n{query}\n) order by {keys}) "
            f"to {_literal(temp)} (format parquet, compression zstd)"
        ).fetchone()
    except duckdb.Error as error:
        raise FinviewError(f"{mapping.path.name}: {error}", "mend the mapping") from error
    return int(result[0]) if result else 0


def _move_into_place(temp: Path, target: Path) -> None:
    """Make `temp` (mode 0600) the target, so that a crash leaves the old or the new file whole."""
    temp.chmod(0o600)
    with temp.open("rb") as handle:
        os.fsync(handle.fileno())
    os.replace(temp, target)
    sync_folder(target.parent)
