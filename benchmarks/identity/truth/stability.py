"""User keys of two versions: which changed, and whether the truth says that they had to."""

from __future__ import annotations

import duckdb


def compare(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Identifiers of both versions by what became of their keys.

    The connection has `belongs` and, from either version, `first` and `second` (node, user_key).
    A change is explained where the identifier came to a user that kept an identifier of its person
    alone (a true merge; a shared device tells nothing), or left one that kept an identifier of a
    stranger (a true split).
    """
    connection.execute(
        """create or replace temp table changed as
        with old as (select node, list_sort(list(user_key)) as keys from first group by 1),
        new as (select node, list_sort(list(user_key)) as keys from second group by 1)
        select old.node, list_filter(new.keys, lambda k: not list_contains(old.keys, k)) as gained,
            list_filter(old.keys, lambda k: not list_contains(new.keys, k)) as lost,
            old.keys <> new.keys as is_changed
        from old join new using (node)"""
    )
    connection.execute(
        """create or replace temp table kept as
        select first.node, user_key from first join second using (node, user_key)"""
    )
    connection.execute(
        """create or replace temp table reason as
        with merged as (
            select distinct gain.node
            from (select node, unnest(gained) as user_key from changed) as gain
            join belongs using (node)
            join (select distinct user_key, person from kept join belongs using (node)
                where node in (select node from belongs group by 1 having count(*) = 1)) as mate
                on mate.user_key = gain.user_key and mate.person = belongs.person
        ),
        loss as (select node, unnest(lost) as user_key from changed),
        split as (
            select distinct loss.node
            from loss join kept using (user_key)
            where not exists (select 1 from belongs as mine join belongs as theirs
                on theirs.person = mine.person
                where mine.node = loss.node and theirs.node = kept.node)
        ),
        strange as (
            select distinct node
            from (select node, unnest(gained) as user_key from changed) as gain
            join (select distinct user_key from kept) as kept_key using (user_key)
        )
        select changed.node, changed.node in (from merged) as is_merge,
            changed.node in (from split) as is_split, changed.node in (from strange) as is_joined,
            changed.node in (select loss.node from loss join kept using (user_key)) as is_left
        from changed where is_changed"""
    )
    row = connection.execute(
        """select (select count(*) from changed), count(*),
            count(*) filter (is_merge), count(*) filter (is_split and not is_merge),
            count(*) filter (not is_merge and not is_split and is_joined),
            count(*) filter (not is_merge and not is_split and not is_joined and is_left),
            count(*) filter (not is_merge and not is_split and not is_joined and not is_left)
        from reason"""
    ).fetchone()
    names = (
        "in_both",
        "changed",
        "true_merge",
        "true_split",
        "false_merge",
        "false_split",
        "renamed",
    )
    assert row is not None
    return dict(zip(names, row, strict=True))
