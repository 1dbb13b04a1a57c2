"""What the sample offers to identity: networks at home, guest devices, nicknames, memberships."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from simulator import simulate

USERS = 1200


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    root: Path = tmp_path_factory.mktemp("identity")
    simulate(root / "landing", root / "truth", users=USERS, days=640, seed=5, file_format="parquet")
    with duckdb.connect() as connection:
        for name in (
            "channel/app_events",
            "channel/ad_touches",
            "channel/social_profiles",
            "crm/customers",
        ):
            path = root / "landing" / name
            connection.execute(f"create view {path.name} as from '{path}/*.parquet'")
        for name in ("identifiers", "persons", "customers"):
            connection.execute(f"create view truth_{name} as from '{root}/truth/{name}.parquet'")
        connection.execute(
            """create table owned as select identifier_value as device_id,
            min(person_id) as person_id from truth_identifiers where identifier_type = 'device'
            group by 1 having count(*) = 1"""
        )
        yield connection


def only(data: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    (row,) = data.execute(query).fetchall()
    return row


def test_a_person_is_at_home_in_one_network(data: duckdb.DuckDBPyConnection) -> None:
    """Devices that one person uses share a prefix; a quarter of the events come from elsewhere."""
    homes, several, mobile = only(
        data,
        """select max(homes), count(*) filter (devices > 1), sum(mobile) / sum(events) from (
            select count(distinct ip_prefix) filter (ip_prefix like '100.%') as homes,
                count(distinct device_id) as devices,
                count(*) filter (ip_prefix like '198.%') as mobile, count(*) as events
            from app_events join owned using (device_id) group by person_id)""",
    )
    assert homes == 1 and several > 50
    assert 0.23 < mobile < 0.27


def test_few_strangers_share_a_home_network(data: duckdb.DuckDBPyConnection) -> None:
    shared, homes = only(
        data,
        """select count(*) filter (people > 1), count(*) from (select ip_prefix,
            count(distinct person_id) as people from app_events join owned using (device_id)
            where ip_prefix like '100.%' group by 1)""",
    )
    assert homes > 900 and 0 < shared < 0.1 * homes


def test_prefixes_belong_to_nobody(data: duckdb.DuckDBPyConnection) -> None:
    """100.64.0.0/10 and 198.18.0.0/15, three octets."""
    odd = only(
        data,
        """select count(*) from (select split(ip_prefix, '.')::integer[] as part from app_events)
        where len(part) <> 3 or not (part[1] = 100 and part[2] between 64 and 127
            or part[1] = 198 and part[2] in (18, 19))""",
    )
    assert odd == (0,)


def test_nobody_logs_in_on_a_guest_device(data: duckdb.DuckDBPyConnection) -> None:
    """Second devices of registered people that show visits and never an account."""
    guests, seen, deeds = only(
        data,
        """select count(*) filter (accounts = 0), count(*),
            sum(deeds) filter (accounts = 0)
        from (select device_id, count(customer_id) as accounts,
                count(distinct session_id) as sessions, count(*) filter
                (event_name in ('login', 'register', 'order_submit', 'repay')) as deeds
            from app_events join owned using (device_id)
            join truth_persons using (person_id) where is_registered
            group by 1)
        where accounts > 0 or sessions > 4""",
    )
    assert 0.005 < guests / seen < 0.04
    assert deeds == 0


def test_no_platform_knows_who_uses_a_guest_device(data: duckdb.DuckDBPyConnection) -> None:
    """Else its advertising id would lead to the owner's other devices."""
    touches, told = only(
        data,
        """select count(*), count(platform_user_id) from ad_touches
        where device_id in (select device_id from app_events join owned using (device_id)
            join truth_persons using (person_id) where is_registered group by 1
            having count(customer_id) = 0 and count(distinct session_id) > 9)""",
    )
    assert touches > 20 and told == 0


def test_most_keep_their_nickname_on_another_platform(data: duckdb.DuckDBPyConnection) -> None:
    kept, people = only(
        data,
        """select avg((first_name = last_name)::int), count(*) from (
            select min(nickname) as first_name, max(nickname) as last_name
            from social_profiles join truth_identifiers
            on identifier_type = 'open_id' and identifier_value = open_id
            group by person_id having count(*) > 1)""",
    )
    assert people > 100 and 0.7 < kept < 0.9


def test_two_in_five_accounts_carry_a_membership_number(data: duckdb.DuckDBPyConnection) -> None:
    """A number joins accounts of one person only."""
    share, same, joined = only(
        data,
        """with numbers as (select member_number, count(*) as accounts,
            count(distinct person_id) as people
            from customers join truth_customers using (customer_id)
            where member_number is not null group by 1)
        select (select count(member_number) / count(*) from customers),
            count(*) filter (accounts > 1), count(*) filter (people > 1) from numbers""",
    )
    assert 0.36 < share < 0.44
    assert same > 0 and joined == 0
