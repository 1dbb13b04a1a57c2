"""A small home whose marts hold the identity of five people, made by hand.

u_lin:  customer c-1, phone ph-1, phone ph-2, device dev-1, device dev-2, id card id-1
        (c-1 - ph-1 - dev-1 - ph-2 and c-1 - dev-2; dev-2 also weakly with ph-2)
u_wang: customer c-2, phone ph-3, id card id-2 (as the link of ph-3 to ph-1 was cut)
u_zhao: customer c-3, e-mail em-3, without an id card
u_visitor: device dev-9
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from finview.audit import REQUIRED_STAGES, BuildRecord
from finview.publish import Manifest, build_candidate, publish
from finview.settings import Home, Settings

from .publish import DAY

SETTINGS = Settings(as_of_date=DAY)
#: type, value, user, is anchor, is primary
BRIDGE = (
    ("customer", "c-1", "u_lin", True, True),
    ("phone", "ph-1", "u_lin", False, True),
    ("phone", "ph-2", "u_lin", False, True),
    ("device", "dev-1", "u_lin", False, True),
    ("device", "dev-2", "u_lin", False, True),
    ("id_card", "id-1", "u_lin", False, True),
    ("customer", "c-2", "u_wang", True, True),
    ("phone", "ph-3", "u_wang", False, True),
    ("id_card", "id-2", "u_wang", False, True),
    ("customer", "c-3", "u_zhao", True, True),
    ("email", "em-3", "u_zhao", False, True),
    ("device", "dev-9", "u_visitor", True, True),
    # A tablet that two people used: it belongs to u_lin, and u_wang used it once.
    ("device", "dev-2", "u_wang", False, False),
)
#: left, right, rule, source, basis, weight, is active, cut reason, probability
LINKS = (
    (("phone", "ph-1"), ("customer", "c-1"), "account", "crm.customers", 9, True, None),
    (("id_card", "id-1"), ("customer", "c-1"), "account", "crm.customers", 9, True, None),
    (("device", "dev-1"), ("phone", "ph-1"), "claim", "channel.coupons", 5, True, None),
    (("phone", "ph-2"), ("device", "dev-1"), "claim", "channel.coupons", 4, True, None),
    (("device", "dev-2"), ("customer", "c-1"), "login", "channel.app_events", 6, True, None),
    (("device", "dev-2"), ("phone", "ph-2"), "match", "matching", 1, True, None),
    (("phone", "ph-3"), ("customer", "c-2"), "account", "crm.customers", 9, True, None),
    (("id_card", "id-2"), ("customer", "c-2"), "account", "crm.customers", 9, True, None),
    (("phone", "ph-3"), ("phone", "ph-1"), "claim", "channel.coupons", 3, False, "two_id_cards"),
    (("email", "em-3"), ("customer", "c-3"), "account", "crm.customers", 9, True, None),
)
Event = tuple[str, str, str | None, str | None, str | None, str | None, int | None]


def fill_marts(
    home: Home,
    bridge: Sequence[tuple[str, str, str, bool, bool]] = BRIDGE,
    events: Sequence[Event] = (),
    *,
    with_sequence: bool = True,
) -> None:
    """A warehouse with the identity marts; `events`: kind, user, other, type, value, why, build."""
    home.warehouse_file.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse_file)) as connection:
        connection.execute("create schema mart; create schema report")
        connection.execute(
            "create table mart.bridge_user_identifier (identifier_type varchar, "
            "identifier_value varchar, user_key varchar, is_anchor boolean, is_primary boolean, "
            "first_seen_at timestamp, last_seen_at timestamp, sighting_count bigint, "
            "is_demoted boolean, demotion_reason varchar)"
        )
        connection.executemany(
            "insert into mart.bridge_user_identifier values (?, ?, ?, ?, ?, "
            "timestamp '2024-01-01', timestamp '2024-06-01', 3, false, null)",
            [list(row) for row in bridge],
        )
        connection.execute(
            "create table mart.fct_identity_link (link_key varchar, user_key varchar, "
            "identifier_type varchar, identifier_value varchar, linked_type varchar, "
            "linked_value varchar, rule_code varchar, source_name varchar, link_basis varchar, "
            "weight integer, sighting_count bigint, first_seen_at timestamp, "
            "last_seen_at timestamp, is_active boolean, cut_reason varchar, "
            "match_probability decimal(8, 6))"
        )
        users = {(kind, value): user for kind, value, user, _, primary in bridge if primary}
        connection.executemany(
            "insert into mart.fct_identity_link values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 2, "
            "timestamp '2024-01-01', timestamp '2024-06-01', ?, ?, ?)",
            [
                [f"l-{number}", users.get(left), *left, *right, rule, source]
                + ["probabilistic" if rule == "match" else "deterministic", weight]
                + [active, reason, 0.91 if rule == "match" else None]
                for number, (left, right, rule, source, weight, active, reason) in enumerate(LINKS)
            ],
        )
        connection.execute(
            "create table mart.fct_identity_event (event_key varchar, event_kind varchar, "
            "user_key varchar, other_user_key varchar, identifier_type varchar, "
            "identifier_value varchar, as_of_date date, reason varchar, event_sequence bigint)"
        )
        for number, (kind, user, other, type_, value, reason, sequence) in enumerate(events):
            connection.execute(
                f"insert into mart.fct_identity_event values (?, ?, ?, ?, ?, ?, '{DAY}', ?, ?)",
                [f"e-{number}", kind, user, other, type_, value, reason, sequence],
            )
        if not with_sequence:
            connection.execute("alter table mart.fct_identity_event drop event_sequence")
        connection.execute("create table report.rpt_users as select 1 as user_count")


def candidate(home: Home) -> Manifest:
    """A green build of the warehouse with a candidate that is ready to be published."""
    build = BuildRecord(home)
    build.start(DAY, {}, "test")
    for stage in REQUIRED_STAGES[:-2]:
        build.stage(stage, True, {})
    manifest = build_candidate(home, SETTINGS)
    build.stage("mart_expectations", True, {})
    return manifest


def served(root: Path) -> Home:
    """A home that serves the five people."""
    home = Home(root).create()
    fill_marts(home)
    candidate(home)
    publish(home, SETTINGS)
    return home
