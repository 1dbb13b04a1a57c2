"""Counts of pairs of identifiers that share a group, exact and without listing the pairs.

A group of n identifiers has n (n - 1) / 2 pairs. A pair that shares several groups (two phones of
one family) counts once: only identifiers of several groups can be in such a pair, so only those
are joined with each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

#: Pairs by the types of both identifiers, the smaller type first.
Counts = dict[tuple[str, str], int]


@dataclass(frozen=True)
class Score:
    """How many pairs are right, were said and are true."""

    right: int
    said: int
    true: int

    @property
    def precision(self) -> float:
        """Share of the pairs said that are true; 1 where nothing was said."""
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that were said; 1 where nothing is true."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        total = self.said + self.true
        return 2 * self.right / total if total else 1.0

    def row(self) -> dict[str, float]:
        """Everything, for a report."""
        return {
            "precision": round(self.precision, 6),
            "recall": round(self.recall, 6),
            "f1": round(self.f1, 6),
            "right": self.right,
            "said": self.said,
            "true": self.true,
        }


def count_pairs(connection: duckdb.DuckDBPyConnection, members: str) -> Counts:
    """Pairs of distinct identifiers that share a group, by the types of both.

    Args:
        connection: Has the table `identifiers` (node, identifier_type).
        members: SQL of (node, grp): every group of every identifier.
    """
    rows = connection.execute(
        f"""
        with member as (
            select distinct m.node, m.grp, n.identifier_type as kind
            from ({members}) as m join identifiers as n using (node)
        ),
        size as (select grp, kind, count(*)::hugeint as n from member group by all),
        raw as (
            select a.kind as left_kind, b.kind as right_kind,
                sum(case when a.kind = b.kind then a.n * (a.n - 1) // 2 else a.n * b.n end) as n
            from size as a join size as b on a.grp = b.grp and a.kind <= b.kind
            group by all
        ),
        several as (
            select * from member
            where node in (select node from member group by node having count(*) > 1)
        ),
        again as (
            select a.kind as left_kind, b.kind as right_kind, a.node, b.node as other,
                1 - count(*) as n
            from several as a join several as b on a.grp = b.grp
                and (a.kind < b.kind or a.kind = b.kind and a.node < b.node)
            group by all having count(*) > 1
        )
        select left_kind, right_kind, sum(n)::bigint
        from (select left_kind, right_kind, n from raw
            union all select left_kind, right_kind, n from again)
        group by all having sum(n) > 0 order by all
        """
    ).fetchall()
    return {(left, right): count for left, right, count in rows}


def both(first: str, second: str) -> str:
    """SQL of (node, grp) whose groups are pairs of groups: in common both first and second.

    Args:
        first: Table of (node, grp).
        second: Table of (node, grp).
    """
    return (
        f"select node, {first}.grp::hugeint * 4294967296 + {second}.grp as grp "
        f"from {first} join {second} using (node)"
    )


def score_by_types(
    connection: duckdb.DuckDBPyConnection, said: str, true: str, among: str
) -> dict[tuple[str, str], Score]:
    """Score of every pair of types.

    Args:
        connection: Has the tables named.
        said: Table of (node, grp): the users that were told.
        true: Table of (node, grp): the persons, or what is known of them.
        among: Condition on `node`: which identifiers count.
    """
    right, told, wanted = (
        count_pairs(connection, f"select node, grp from ({members}) where {among}")
        for members in (both(said, true), f"from {said}", f"from {true}")
    )
    kinds = sorted(told.keys() | wanted.keys())
    return {k: Score(right.get(k, 0), told.get(k, 0), wanted.get(k, 0)) for k in kinds}


def total(scores: dict[tuple[str, str], Score]) -> Score:
    """One score over all pairs of types."""
    return Score(
        sum(score.right for score in scores.values()),
        sum(score.said for score in scores.values()),
        sum(score.true for score in scores.values()),
    )
