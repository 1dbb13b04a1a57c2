"""FEBRL through finview's path: the same `train`, weights added in SQL, connected components.

The threshold is a rule made before looking: a pair with a probability of 0.95 is a match.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from finview.identity.matching.comparisons import Comparison, Level
from finview.identity.matching.train import Model, Plan, bits, pairs_sql, train

THRESHOLD = 0.95
#: Files of each set; set 4 links two files that hold no duplicates of their own.
FILES = {
    1: ("dataset1.csv",),
    2: ("dataset2.csv",),
    3: ("dataset3.csv",),
    4: ("dataset4a.csv", "dataset4b.csv"),
}
Pairs = set[tuple[str, str]]


@dataclass(frozen=True)
class Figures:
    """How many predicted pairs are true, and how many true ones were found."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def load(connection: duckdb.DuckDBPyConnection, folder: Path, number: int) -> None:
    """Make `records`: text columns, empty ones null, and the file each record is from."""
    parts = []
    for at, name in enumerate(FILES[number]):
        read = f"read_csv('{folder / name}', all_varchar = true)"
        names = [row[0] for row in connection.execute(f"describe from {read}").fetchall()]
        columns = ", ".join(
            f"nullif(trim(\"{column}\"), '') as {column.strip()}" for column in names
        )
        parts.append(f"select {columns}, {at} as file_number from {read}")
    connection.execute(f"create or replace table records as {' union all '.join(parts)}")


def truth(connection: duckdb.DuckDBPyConnection, number: int) -> Pairs:
    """Pairs of one person, as `rec_id` says (`rec-12-org`, `rec-12-dup-0`)."""
    person = "regexp_extract({}.rec_id, '^rec-[0-9]+')"
    rows = connection.execute(
        "select l.rec_id, r.rec_id from records as l inner join records as r "
        f"on {person.format('l')} = {person.format('r')} and l.rec_id < r.rec_id "
        f"and {across(number)}"
    ).fetchall()
    return {(str(left), str(right)) for left, right in rows}


def across(number: int) -> str:
    """Which pairs can be asked for at all."""
    return "l.file_number <> r.file_number" if number == 4 else "true"


def judge(predicted: Pairs, true: Pairs) -> Figures:
    """Precision and recall of unordered pairs."""
    found = {(min(pair), max(pair)) for pair in predicted}
    hits = len(found & true)
    return Figures(hits / len(found) if found else 1.0, hits / len(true))


def _typed(column: str, *thresholds: float) -> Comparison:
    """Equal, or alike as misspelt words are (Jaro-Winkler)."""
    top = len(thresholds) + 1
    levels = [Level(top, "same", f"{column}_l = {column}_r")]
    levels += [
        Level(
            top - at,
            f"alike_{least}",
            f"jaro_winkler_similarity({column}_l, {column}_r) >= {least}",
        )
        for at, least in enumerate(thresholds, 1)
    ]
    return _of(column, levels)


def _digits(column: str, *edits: int) -> Comparison:
    """Equal, or a few slips of the keys apart (Damerau-Levenshtein)."""
    top = len(edits) + 1
    levels = [Level(top, "same", f"{column}_l = {column}_r")]
    levels += [
        Level(top - at, f"edits_{most}", f"damerau_levenshtein({column}_l, {column}_r) <= {most}")
        for at, most in enumerate(edits, 1)
    ]
    return _of(column, levels)


def _name(column: str, other: str) -> Comparison:
    """As `_typed`, and the two names of a person swapped."""
    levels = [
        Level(4, "same", f"{column}_l = {column}_r"),
        Level(3, "swapped", f"{column}_l = {other}_r and {other}_l = {column}_r"),
        Level(2, "alike_0.92", f"jaro_winkler_similarity({column}_l, {column}_r) >= 0.92"),
        Level(1, "alike_0.8", f"jaro_winkler_similarity({column}_l, {column}_r) >= 0.8"),
    ]
    return _of(column, levels)


def _of(column: str, levels: list[Level]) -> Comparison:
    return Comparison(column, tuple(levels), unknown=f"{column}_l is null or {column}_r is null")


PLAN = Plan(
    comparisons=(
        _name("given_name", "surname"),
        _name("surname", "given_name"),
        _digits("date_of_birth", 1, 2),
        _digits("soc_sec_id", 1, 2),
        _digits("postcode", 1),
        _digits("street_number", 1),
        _typed("address_1", 0.9),
        _typed("suburb", 0.9),
        _typed("state"),
    ),
    blocking=(
        "l.soc_sec_id = r.soc_sec_id",
        "l.date_of_birth = r.date_of_birth",
        "l.given_name = r.given_name and l.surname = r.surname",
        "l.given_name = r.surname and l.surname = r.given_name",
        "l.postcode = r.postcode",
        "l.address_1 = r.address_1",
        "l.suburb = r.suburb and l.street_number = r.street_number",
    ),
    em_blocking=("l.date_of_birth = r.date_of_birth", "l.postcode = r.postcode"),
    certain=(
        "l.soc_sec_id = r.soc_sec_id",
        "l.given_name = r.given_name and l.surname = r.surname "
        "and l.date_of_birth = r.date_of_birth",
    ),
    certain_recall=0.8,
    identifier="rec_id",
    least_probability=1e-6,
)


def matched(connection: duckdb.DuckDBPyConnection, number: int) -> Pairs:
    """Pairs of `records` that end in one component."""
    model = train(connection, "records", PLAN)
    links = connection.execute(_scored(connection, model, number)).fetchall()
    return grouped(connection, links, number)


def _scored(connection: duckdb.DuckDBPyConnection, model: Model, number: int) -> str:
    """Query of the pairs whose weights, added as decimals, reach the threshold."""
    connection.execute(
        "create or replace table terms (comparison varchar, level bigint, weight decimal(18, 9))"
    )
    connection.executemany(
        "insert into terms values (?, ?, ?)",
        [(name, level, term.weight) for (name, level), term in model.terms.items()],
    )
    names = [comparison.name for comparison in PLAN.comparisons]
    weights = " + ".join(f"coalesce({name}_terms.weight, 0)" for name in names)
    joins = " ".join(
        f"left join (from terms where comparison = '{name}') as {name}_terms "
        f"on pairs.{name}_level = {name}_terms.level"
        for name in names
    )
    least = bits(THRESHOLD) - bits(model.prior)
    return (
        f"select rec_id_l, rec_id_r from ({pairs_sql('records', PLAN, across(number))}) as pairs "
        f"{joins} where {weights} >= {least:.9f} order by all"
    )


def grouped(
    connection: duckdb.DuckDBPyConnection, links: list[tuple[str, ...]], number: int
) -> Pairs:
    """All pairs of a component, between the files in set 4."""
    root: dict[str, str] = {}

    def find(record: str) -> str:
        while root.setdefault(record, record) != record:
            record = root[record]
        return record

    for left, right in links:
        first, second = sorted((find(left), find(right)))
        root[second] = first
    connection.execute("create or replace table components (rec_id varchar, component varchar)")
    if root:
        connection.executemany(
            "insert into components values (?, ?)",
            [(record, find(record)) for record in sorted(root)],
        )
    rows = connection.execute(
        "with l as (from components inner join records using (rec_id)) "
        "select l.rec_id, r.rec_id from l inner join l as r "
        f"on l.component = r.component and l.rec_id < r.rec_id and {across(number)}"
    ).fetchall()
    return {(str(left), str(right)) for left, right in rows}
