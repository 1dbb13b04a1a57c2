"""User keys of two versions: which changed, and whether truth, law or data say that they had to."""

from __future__ import annotations

import duckdb

#: Figure -> condition on `reason`; a change is put down to the first that fits.
CAUSES = {
    "handed_on": "is_handed_on",
    "true_merge": "is_merge",
    "merge_undone": "is_split and is_undone",
    "true_split": "is_split",
    "false_merge": "is_joined",
    "consent_split": "is_left and is_refused",
    "disagreement_split": "is_left and is_disagreed",
    "decided_split": "is_left and is_decided",
    "false_split": "is_left",
    "renamed": "true",
}


def compare(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Identifiers of both versions by what became of their keys.

    The connection has `belongs`; from either version `first` and `second` (node, user_key); what
    is required (`undone`, `disagreed`, `decided`) and what the oracle joins (`reachable`,
    `reachable_at_all`) as of the second. A change is explained where the identifier came to a user
    that kept an identifier of its person alone (a true merge; a shared device tells nothing), or
    left one that kept an identifier of a stranger (a true split).
    """
    _read_changes(connection)
    flags = {
        "is_handed_on": "lost = [] and node not in (from strange_gain)",
        "is_merge": "node in (from merged)",
        "is_split": "node in (from split)",
        "is_undone": "node in (from unmerged)",
        "is_joined": "node in (from joined)",
        "is_left": "node in (select node from leaving)",
        "is_refused": "node in (from refused_leaving)",
        "is_disagreed": "node in (from disagreed)",
        "is_decided": "node in (from decided)",
    }
    told = ", ".join(f"{condition} as {name}" for name, condition in flags.items())
    cases = " ".join(f"when {condition} then '{cause}'" for cause, condition in CAUSES.items())
    connection.execute(
        f"""create or replace temp table reason as
        select *, case {cases} end as cause
        from (select *, {told} from changed where is_changed)"""
    )
    rows = connection.execute("select cause, count(*) from reason group by 1").fetchall()
    found = {str(cause): int(count) for cause, count in rows}
    row = connection.execute("select count(*) from changed").fetchone()
    return {
        "in_both": int(row[0]) if row else 0,
        "changed": sum(found.values()),
        **{cause: found.get(cause, 0) for cause in CAUSES},
    }


def _read_changes(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary tables that the flags of a change are read from."""
    steps = {
        "changed": """
            with old as (select node, list_sort(list(user_key)) as keys from first group by 1),
            new as (select node, list_sort(list(user_key)) as keys from second group by 1)
            select old.node,
                list_filter(new.keys, lambda k: not list_contains(old.keys, k)) as gained,
                list_filter(old.keys, lambda k: not list_contains(new.keys, k)) as lost,
                old.keys <> new.keys as is_changed
            from old join new using (node)""",
        "gain": "select node, unnest(gained) as user_key from changed",
        "loss": "select node, unnest(lost) as user_key from changed",
        "kept": "select first.node, user_key from first join second using (node, user_key)",
        "alone": "select node from belongs group by 1 having count(*) = 1",
        # Whom a key means, told by identifiers of one person alone.
        "mate": """select distinct user_key, person from second join belongs using (node)
            where node in (from alone)""",
        "kept_mate": """select distinct user_key, person from kept join belongs using (node)
            where node in (from alone)""",
        # A public device has a user of its own for the time in which it is nobody's.
        "strange_gain": """
            select distinct node from gain
            where (node, user_key) not in (select (belongs.node, mate.user_key)
                from belongs join mate using (person) where mate.user_key is not null)
                and user_key in (select user_key from second where second.node <> gain.node)""",
        "merged": """
            select distinct gain.node from gain join belongs using (node)
            join kept_mate on kept_mate.user_key = gain.user_key
                and kept_mate.person = belongs.person""",
        "leaving": "select loss.node, kept.node as other from loss join kept using (user_key)",
        "split": """
            select distinct node from leaving
            where not exists (select 1 from belongs as mine join belongs as theirs
                on theirs.person = mine.person
                where mine.node = leaving.node and theirs.node = leaving.other)""",
        "unmerged": """
            select distinct leaving.node from leaving
            join belongs as mine on mine.node = leaving.node
            join belongs as account on account.person = mine.person
            join undone on undone.node = account.node and undone.other = leaving.other""",
        "joined": """select distinct node from gain
            where user_key in (select user_key from kept)""",
        # Evidence would still tie it to what it left, but only by consents that were withdrawn.
        "refused_leaving": """
            select distinct leaving.node from leaving
            where exists (select 1 from reachable_at_all as a join reachable_at_all as b
                    using (grp) where a.node = leaving.node and b.node = leaving.other)
                and leaving.node not in (select tied.node from leaving as tied
                    join reachable as a on a.node = tied.node
                    join reachable as b on b.node = tied.other and b.grp = a.grp)""",
    }
    for name, query in steps.items():
        connection.execute(f"create or replace temp table {name} as {query}")
