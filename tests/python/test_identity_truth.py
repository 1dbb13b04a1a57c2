"""The measure of identity against a truth: hand-made people whose figures are known.

Anna has two accounts, a guest device and an e-mail that was never delivered; she shares a tablet
and a phone with Bert. Dora has two accounts that were merged and parted again. A visitor has a
device alone.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest

from finview.ingest.identifiers import keyed_hash
from finview.ingest.keys import bind_key, load_key
from finview.ingest.ledger import open_ledger
from finview.settings import Home, project_root

SCRIPT = project_root() / "benchmarks/identity/truth/measure.py"
KEY = "a key of this test, long enough for anybody"
ANNA = ["customer:c1", "customer:c2", "phone:19900000001", "device:d1", "device:tablet"]
ANNA += ["phone:19900000009", "device:guest", "email:anna@example.com"]
BERT = ["customer:c3", "phone:19900000003", "device:tablet", "phone:19900000009"]
TRUTH = [*(("anna", each) for each in ANNA), *(("bert", each) for each in BERT)]
TRUTH += [("dora", "customer:c4"), ("dora", "customer:c5"), ("visitor", "device:far")]
#: The second account and the guest device stay alone.
USERS = [("u1", each) for each in ANNA if each.split(":")[1] not in ("c2", "guest")]
USERS = [(user, each) for user, each in USERS if not each.startswith("email")]
USERS += [*(("u3", each) for each in BERT), ("u2", "customer:c2"), ("u4", "device:guest")]
USERS += [("u5", "device:far")]
#: Table, its columns, its rows; identifiers stand as type:value.
Delivered = Mapping[str, tuple[str, Sequence[tuple[str | None, ...]]]]
DELIVERED: Delivered = {
    "crm/customers": (
        "customer_id, phone_hash, register_device_id_hash",
        [
            ("customer:c1", "phone:19900000001", "device:d1"),
            ("customer:c2", "phone:19900000001", None),
            ("customer:c3", "phone:19900000003", None),
            ("customer:c4", None, None),
            ("customer:c5", None, None),
        ],
    ),
    "channel/app_events": (
        "device_id_hash, customer_id",
        [
            ("device:tablet", "customer:c1"),
            ("device:tablet", "customer:c3"),
            *[("device:guest", None)] * 6,
            *[("device:far", None)] * 9,
        ],
    ),
    "channel/coupons": (
        "claimed_by_phone_hash, customer_id",
        [("phone:19900000009", "customer:c1"), ("phone:19900000009", "customer:c3")],
    ),
    "crm/customer_merges": (
        "merged_customer_id, surviving_customer_id, undone_at",
        [
            ("customer:c3", "customer:c1", None),
            ("customer:c4", "customer:c5", None),
            ("customer:c4", "customer:c5", "2024-05-02"),
        ],
    ),
}


def made(
    root: Path,
    users: Iterable[tuple[str, str]] = USERS,
    truth: Iterable[tuple[str, str]] = TRUTH,
    delivered: Delivered = DELIVERED,
) -> Home:
    """A home with the truth, what was delivered and who the users are."""
    home = Home(root).create()
    home.truth.mkdir(exist_ok=True)
    with duckdb.connect() as connection, open_ledger(home) as ledger:
        bind_key(connection, load_key(home, ledger, {"FINVIEW_HASH_KEY": KEY}))

        def stored(text: str | None) -> str | None:
            kind, _, value = (text or "").partition(":")
            if not value or kind == "customer":
                return value or text
            (row,) = connection.execute(f"select {keyed_hash(kind, '$1')}", [value]).fetchall()
            return str(row[0])

        connection.execute("create table told (person_id text, kind text, identifier_value text)")
        connection.executemany(
            "insert into told values (?, ?, ?)", [(who, *each.split(":")) for who, each in truth]
        )
        connection.execute(
            f"""copy (select person_id, kind as identifier_type, identifier_value from told)
            to '{home.truth}/identifiers.parquet'"""
        )
        for table, (columns, rows) in delivered.items():
            folder = home.accepted / table
            folder.mkdir(parents=True, exist_ok=True)
            names = [f"{name} text" for name in columns.split(", ")]
            connection.execute(f"create or replace table t ({', '.join(names)})")
            marks = ", ".join("?" * len(names))
            connection.executemany(
                f"insert into t values ({marks})", [[stored(v) for v in row] for row in rows]
            )
            connection.execute(f"copy t to '{folder}/1.parquet'")
        marts = home.published / "current"
        marts.mkdir(parents=True, exist_ok=True)
        bridge = [(kind, stored(f"{kind}:{value}"), user)
                  for user, each in users for kind, value in [each.split(":")]]  # fmt: skip
    (marts / "marts.duckdb").unlink(missing_ok=True)
    with duckdb.connect(str(marts / "marts.duckdb")) as connection:
        connection.execute("create schema mart")
        connection.execute(
            "create table mart.bridge_user_identifier "
            "(identifier_type text, identifier_value text, user_key text, is_demoted boolean)"
        )
        connection.executemany(
            "insert into mart.bridge_user_identifier values (?, ?, ?, false)", bridge
        )
    return home


def told(*arguments: str | Path) -> dict[str, Any]:
    code, output, error = run("--json", *arguments)
    assert code == 0, error
    result: dict[str, Any] = json.loads(output)
    return result


@contextlib.contextmanager
def scripts() -> Iterator[None]:
    """The modules beside the script, not those of another benchmark with the same names."""
    with (
        mock.patch.dict(sys.modules),
        mock.patch.object(sys, "path", [str(SCRIPT.parent), *sys.path]),
    ):
        for path in SCRIPT.parent.glob("*.py"):
            sys.modules.pop(path.stem, None)
        yield


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output and error of the script; it finds its own modules beside it."""
    output, error = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, {"FINVIEW_HASH_KEY": KEY}),
        scripts(),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(error),
    ):
        code = importlib.import_module("measure").main([str(each) for each in arguments])
    return int(code), output.getvalue(), error.getvalue()


def counts(score: dict[str, float]) -> tuple[float, float, float]:
    return score["right"], score["said"], score["true"]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return told(made(tmp_path_factory.mktemp("home")).root)


def test_pairs_of_all_identifiers(figures: dict[str, Any]) -> None:
    """Eight and four identifiers: 28 + 6 pairs, Dora's one, and tablet and family phone once."""
    assert counts(figures["all"]) == (15, 15, 34)
    assert figures["all"]["precision"] == 1
    assert figures["all"]["recall"] == round(15 / 34, 6)
    assert figures["all"]["f1"] == round(30 / 49, 6)


def test_identifiers_never_delivered_do_not_count(figures: dict[str, Any]) -> None:
    assert counts(figures["seen"]) == (15, 15, 27)
    assert figures["identifiers"]["email"] == {"true": 1, "seen": 0, "user": 0}


def test_recall_of_what_evidence_can_join(figures: dict[str, Any]) -> None:
    """The guest device is alone without behaviour; an undone or false merge joins nobody."""
    assert figures["reachable"] == {"recall": 0.75, "right": 15, "could": 20}
    assert figures["reachable_by_behaviour"] == {
        "recall": round(15 / 26, 6),
        "right": 15,
        "could": 26,
    }
    assert figures["guests"] == {"devices": 2, "of_customers": 1, "joined_rightly": 0, "joined": 0}


def test_pairs_by_types_add_up(figures: dict[str, Any]) -> None:
    by_types = figures["by_types"]
    for number, name in enumerate(("right", "said", "true")):
        assert sum(score[name] for score in by_types.values()) == counts(figures["seen"])[number]
    assert counts(by_types["customer customer"]) == counts(figures["customers"]) == (0, 0, 2)
    assert counts(by_types["customer device"]) == (3, 3, 7)
    assert counts(by_types["device phone"]) == (5, 5, 7)


def test_the_scattered_are_named(figures: dict[str, Any]) -> None:
    own = figures["under_merged"]
    assert (own["groups"], own["identifiers_apart"], own["of_groups"]) == (1, 1, 2)
    assert own["worst"] == [{"person_id": "anna", "identifiers": 6, "apart": 1, "users": 3}]
    assert figures["over_merged"]["users"] == 0 and figures["unknown_to_the_truth"] == 0


def test_a_planted_false_merge_lowers_precision(tmp_path: Path) -> None:
    """Anna's and Bert's users become one: 21 pairs, of which 15 are true."""
    joined = {("u1" if user == "u3" else user, each) for user, each in USERS}
    figures = told(made(tmp_path, sorted(joined)).root)
    assert counts(figures["all"]) == (15, 21, 34)
    assert figures["all"]["precision"] == round(15 / 21, 6)
    assert figures["over_merged"]["worst"] == [
        {"user_key": "u1", "identifiers": 7, "of_others": 2, "persons": 2}
    ]
    assert figures["customers"] == {
        "precision": 0.0, "recall": 0.0, "f1": 0.0, "right": 0, "said": 1, "true": 2,
    }  # fmt: skip


def test_a_guest_device_that_was_matched_counts(tmp_path: Path) -> None:
    matched = [("u1" if user == "u4" else user, each) for user, each in USERS]
    figures = told(made(tmp_path, matched).root)
    assert figures["guests"]["joined_rightly"] == 1
    assert figures["reachable_by_behaviour"]["right"] == 20
    wrong = [("u3" if user == "u4" else user, each) for user, each in USERS]
    figures = told(made(tmp_path, wrong).root)
    assert (figures["guests"]["joined"], figures["guests"]["joined_rightly"]) == (1, 0)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"u2": "u1"}, "true_merge"),
        ({"u4": "u3"}, "false_merge"),
        ({"u5": "u9"}, "renamed"),
        ({}, None),
    ],
)
def test_changed_keys_are_explained_by_the_truth(
    tmp_path: Path, change: dict[str, str], kind: str | None
) -> None:
    first = made(tmp_path / "first")
    second = made(tmp_path / "second", [(change.get(user, user), each) for user, each in USERS])
    own = told("--compare", first.root, second.root)
    expected = dict.fromkeys(own, 0) | {"in_both": 10, "changed": int(kind is not None)}
    assert own == expected | ({kind: 1} if kind else {})


def test_a_split_is_true_where_strangers_part(tmp_path: Path) -> None:
    """Bert's own phone leaves Anna's user for Bert's: right; Anna's device for nobody's: wrong."""
    before = [("u1" if each == "phone:19900000003" else user, each) for user, each in USERS]
    first, second = made(tmp_path / "first", before), made(tmp_path / "second", [
        ("u7" if each == "phone:19900000003" else "u8" if each == "device:d1" else user, each)
        for user, each in before
    ])  # fmt: skip
    own = told("--compare", first.root, second.root)
    assert (own["changed"], own["true_split"], own["false_split"]) == (2, 1, 1)


def test_a_version_without_marts_is_told(tmp_path: Path) -> None:
    home = made(tmp_path)
    (home.published / "current/marts.duckdb").unlink()
    code, _, error = run(home.root)
    assert code == 1 and "no published marts" in error


def test_the_figures_can_be_read(tmp_path: Path) -> None:
    code, output, _ = run(made(tmp_path).root)
    assert code == 0
    assert "identifiers delivered                 1.0000    0.5556" in output
    assert "reachable by evidence                           0.7500" in output


@pytest.mark.parametrize("seed", range(5))
def test_pairs_are_those_counted_one_by_one(seed: int) -> None:
    with scripts():
        pairs = importlib.import_module("pairs")
    draw = random.Random(seed)
    kinds = {node: draw.choice("abc") for node in range(60)}
    groups = {name: {node: {draw.randrange(12) for _ in range(draw.choice((1, 1, 2, 3)))}
                     for node in kinds} for name in ("users", "person")}  # fmt: skip
    with duckdb.connect() as connection:
        connection.execute("create table identifiers (node bigint, identifier_type text)")
        connection.executemany("insert into identifiers values (?, ?)", list(kinds.items()))
        for name, own in groups.items():
            connection.execute(f"create table {name} (node bigint, grp bigint)")
            rows = [(node, group) for node, some in own.items() for group in some]
            connection.executemany(f"insert into {name} values (?, ?)", rows)
        scores = pairs.score_by_types(connection, "users", "person", "true")
    expected: dict[tuple[str, str], list[int]] = {}
    for left, right in combinations(kinds, 2):
        said, true = (bool(own[left] & own[right]) for own in groups.values())
        first, second = sorted((kinds[left], kinds[right]))
        place = expected.setdefault((first, second), [0, 0, 0])
        for number, holds in enumerate((said and true, said, true)):
            place[number] += holds
    assert {kind: [own.right, own.said, own.true] for kind, own in scores.items()} == expected
