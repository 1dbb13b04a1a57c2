"""A cut parts a user with the next run, an undo joins it again, and keys tell the story."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result
from support.pipeline import finview, home_with, sample_landing

from finview.cli import main
from finview.settings import Home

pytestmark = pytest.mark.long

#: An account and a phone that only registration ties together.
TIED = """
select lnk.identifier_value, lnk.linked_value, lnk.user_key
from mart.fct_identity_link as lnk
where lnk.identifier_type = 'phone' and lnk.rule_code = 'customer_phone' and lnk.is_active
    and (select count(*) from mart.fct_identity_link as oth
         where oth.is_active and 'phone' in (oth.identifier_type, oth.linked_type)
            and lnk.identifier_value in (oth.identifier_value, oth.linked_value)) = 1
order by all limit 1
"""
PRIMARY = """
select identifier_type, identifier_value, user_key from mart.bridge_user_identifier where is_primary
"""


def _run(home: Home) -> None:
    done = finview(home, "run", "--no-sample", "--no-scorecard")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def _identity(home: Home, *words: str) -> Result:
    done = CliRunner().invoke(main, ["identity", *words, "--home", str(home.root)])
    assert done.exit_code == 0, done.output
    return done


def _rows(home: Home, query: str) -> list[tuple[Any, ...]]:
    path = home.published / "current" / "marts.duckdb"
    with duckdb.connect(str(path), read_only=True) as marts:
        return marts.execute(query).fetchall()


def test_a_cut_parts_a_user_and_an_undo_joins_it_again(tmp_path: Path) -> None:
    home = home_with(sample_landing(tmp_path), tmp_path / "home")
    _run(home)
    ((phone, customer, key),) = _rows(home, TIED)
    owner = f"select user_key from mart.bridge_user_identifier where identifier_value = '{phone}'"
    before = set(_rows(home, PRIMARY))

    reason = ("--reason", "the number was sold")
    _identity(home, "cut", f"phone:{phone}", f"customer:{customer}", *reason)
    _run(home)
    ((parted,),) = _rows(home, owner)
    assert parted != key
    reasons = (
        "select cut_reason from mart.fct_identity_link "
        f"where identifier_value = '{phone}' and linked_value = '{customer}'"
    )
    assert _rows(home, reasons) == [("cut_by_hand",)]
    events = "select user_key, other_user_key from mart.fct_identity_event where event_kind = '{}'"
    assert _rows(home, events.format("split")) == [(key, parted)]
    changed = {(kind, value) for kind, value, _ in before - set(_rows(home, PRIMARY))}
    assert changed == {("phone", phone)}, "nobody else has another key"

    _identity(home, "undo", "d-00000001", "--reason", "a mistake")
    _run(home)
    assert _rows(home, owner) == [(key,)]
    assert _rows(home, events.format("merged")) == [(parted, key)]
    assert _rows(home, "select old_user_key, user_key from mart.bridge_user_key_redirect") == [
        (parted, key)
    ]
    told = _identity(home, "history", f"phone:{phone}", "--json")
    assert parted in json.dumps(json.loads(told.stdout))
