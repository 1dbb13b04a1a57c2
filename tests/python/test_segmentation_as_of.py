"""Point in time: a month or a tag says the same whether it is told then or a year later."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.pipeline import finview, home_with, sample_landing

from finview.audit import BuildRecord
from finview.settings import Home

pytestmark = pytest.mark.long

EARLIER, LATER = "2023-11-15", "2024-04-30"
#: Users and what they are known by; who gained or lost an identifier since is another user.
USERS = """
    select user_key, string_agg(identifier_type || identifier_value, ' '
        order by identifier_type, identifier_value)
    from mart.bridge_user_identifier group by user_key
"""
MONTHS = """
    select user_key, month_date, tier_code, tier_reason_code, previous_tier_code,
        candidate_reason_code, candidate_months, lifecycle_stage, rfm_segment, rfm_class,
        risk_tolerance_level, preferred_product_line, order_count_12m, revenue_12m, assets_amount
    from mart.fct_user_tier where month_date < date '2023-11-01'
"""
#: Periods of tags as they looked on the earlier day: what ends later had no end yet.
PERIODS = f"""
    select user_key, tag_code, tag_value, valid_from_date,
        case when valid_to_date <= date '{EARLIER}' then valid_to_date end
    from mart.fct_user_tag where valid_from_date <= date '{EARLIER}'
"""


@dataclass(frozen=True)
class Told:
    """What a build told: identifiers of users, their months and the periods of their tags."""

    users: dict[str, str]
    months: dict[tuple[Any, ...], tuple[Any, ...]]
    periods: set[tuple[Any, ...]]


def _told(home: Home, as_of: str) -> Told:
    (home.root / "finview.yml").write_text(f"as_of_date: {as_of}\n", encoding="utf-8")
    done = finview(home, "run", "--no-sample", "--no-scorecard")
    stages = (BuildRecord(home).load() or {})["stages"]
    assert stages["reports"]["passed"], done.stdout[-3000:] + done.stderr[-3000:]
    # Not what is published: keys of the later build would not be published as of an earlier day.
    with duckdb.connect(str(home.warehouse_file), read_only=True) as marts:
        return Told(
            dict(marts.execute(USERS).fetchall()),
            {row[:2]: row[2:] for row in marts.execute(MONTHS).fetchall()},
            set(marts.execute(PERIODS).fetchall()),
        )


def test_a_month_and_a_tag_are_the_same_when_told_later(tmp_path: Path) -> None:
    landing = sample_landing(tmp_path)
    homes = [home_with(landing, tmp_path / name) for name in ("later", "earlier")]
    later = _told(homes[0], LATER)
    # The ledger of keys is an input, so that both builds name users alike.
    told, wanted = (home.accepted / "identity" for home in homes)
    shutil.copytree(told, wanted, dirs_exist_ok=True)
    earlier = _told(homes[1], EARLIER)
    same = {user for user, known_by in earlier.users.items() if later.users.get(user) == known_by}
    compared = {key for key in earlier.months if key[0] in same}
    assert len(compared) > 300, "too few months to compare"
    assert compared <= later.months.keys()
    assert not {
        key: (earlier.months[key], later.months[key])
        for key in compared
        if earlier.months[key] != later.months[key]
    }
    periods = {row for row in earlier.periods if row[0] in same}
    assert len(periods) > 300, "too few tags to compare"
    assert periods == {row for row in later.periods if row[0] in same}
