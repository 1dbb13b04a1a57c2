"""What law or data require is told apart from errors of identity.

Eva has withdrawn that partners share her data: her follower account and the user of an ad platform
are tied to her by that alone. Fritz's account was merged with that of Hans, and parted again. Hans
and Ida registered with one phone. Eva and Fritz share a tablet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from test_identity_truth import Delivered, made, told

PHONE = "phone:1990000002"
TRUTH = [("eva", "customer:e1"), ("eva", "device:de"), ("eva", "platform_user:pe")]
TRUTH += [("eva", f"{PHONE}1"), ("eva", "open_id:oe"), ("eva", "union_id:ue")]
TRUTH += [("fritz", "customer:f1"), ("fritz", f"{PHONE}2"), ("hans", "customer:h1")]
TRUTH += [("ida", "customer:i1"), ("hans", f"{PHONE}3"), ("ida", f"{PHONE}3")]
TRUTH += [("eva", "device:tab"), ("fritz", "device:tab")]
#: The ad platform's user and the follower are still joined to Eva, and Fritz to Hans.
USERS = [(f"u_{who[0]}", each) for who, each in TRUTH if each != "customer:i1" and who != "ida"]
USERS = [("u_h" if user == "u_f" else user, each) for user, each in USERS]
USERS = [("u_e" if each == "device:tab" else user, each) for user, each in USERS]
USERS = [*dict.fromkeys(USERS), ("u_i", "customer:i1")]
#: Fritz is himself.
APART = [("u_f" if each in ("customer:f1", f"{PHONE}2") else u, each) for u, each in USERS]
DELIVERED: Delivered = {
    "crm/customers": (
        "customer_id, phone_hash, register_device_id_hash, name_hash",
        [
            ("customer:e1", f"{PHONE}1", "device:de", "n1"),
            ("customer:f1", f"{PHONE}2", "device:tab", "n2"),
            ("customer:h1", f"{PHONE}3", None, "n3"),
            ("customer:i1", f"{PHONE}3", None, "n4"),
        ],
    ),
    "channel/ad_touches": (
        "device_id_hash, platform_user_id_hash",
        [("device:de", "platform_user:pe")],
    ),
    "channel/social_profiles": (
        "open_id_hash, union_id_hash, phone_hash",
        [("open_id:oe", "union_id:ue", f"{PHONE}1")],
    ),
    "crm/customer_merges": (
        "merged_customer_id, surviving_customer_id, undone_at",
        [("customer:f1", "customer:h1", None), ("customer:f1", "customer:h1", "2024-05-02")],
    ),
    "crm/consents": (
        "customer_id, purpose, action, happened_at",
        [
            ("customer:e1", "data_sharing", "grant", "2024-01-01"),
            ("customer:e1", "data_sharing", "withdraw", "2024-06-01"),
            ("customer:e1", "marketing", "grant", "2024-07-01"),
            ("customer:f1", "marketing", "withdraw", "2024-01-01"),
        ],
    ),
    "identity/decisions": (
        "decision_id, action, left_type, left_value, right_type, right_value, undoes_decision_id",
        [("d1", "cut", "phone", f"{PHONE}2", "customer", "customer:f1", None)],
    ),
}


def _home(
    root: Path, users: Iterable[tuple[str, str]] = USERS, delivered: Delivered = DELIVERED
) -> Path:
    return made(root, users, TRUTH, delivered).root


def _as_of(root: Path, day: str) -> Path:
    manifest = root / "published/current/manifest.json"
    manifest.write_text(json.dumps({"as_of_date": day}))
    return root


def _without(*tables: str) -> dict[str, Any]:
    return {table: told for table, told in DELIVERED.items() if table not in tables}


def test_pairs_of_a_withdrawn_consent_cannot_be_reached(tmp_path: Path) -> None:
    """Eva's account, two devices and phone lose the ad platform's user and the follower's ids."""
    figures = told(_home(tmp_path))
    # Of her six identifiers (15 pairs) three and two still hang together: 3 + 1 pairs.
    assert figures["consent_withdrawn"] == {"could": 11, "said": 11}
    # Beside these: Fritz and his phone and tablet (3), Hans and Ida and their phone (2).
    assert figures["reachable"] == {"recall": round(6 / 9, 6), "right": 6, "could": 9}


def test_a_user_that_honours_the_consent_says_none_of_them(tmp_path: Path) -> None:
    parted = {"platform_user:pe": "u_p", "open_id:oe": "u_o", "union_id:ue": "u_o"}
    figures = told(_home(tmp_path, [(parted.get(each, user), each) for user, each in USERS]))
    assert figures["consent_withdrawn"] == {"could": 11, "said": 0}
    assert figures["reachable"]["right"] == 6


@pytest.mark.parametrize(("day", "could"), [("2024-05-31", 0), ("2024-06-01", 11)])
def test_a_later_withdrawal_is_not_known_yet(tmp_path: Path, day: str, could: int) -> None:
    assert told(_as_of(_home(tmp_path), day))["consent_withdrawn"]["could"] == could


@pytest.mark.parametrize(
    ("left", "without", "cause"),
    [
        ("platform_user:pe", (), "consent_split"),
        ("platform_user:pe", ("crm/consents",), "false_split"),
        ("device:de", (), "false_split"),
        (f"{PHONE}3", (), "disagreement_split"),
        (f"{PHONE}1", (), "false_split"),
        ("customer:f1", (), "merge_undone"),
        ("customer:f1", ("crm/customer_merges",), "true_split"),
        (f"{PHONE}2", (), "decided_split"),
        (f"{PHONE}2", ("identity/decisions",), "false_split"),
    ],
)
def test_a_split_is_put_down_to_what_requires_it(
    tmp_path: Path, left: str, without: tuple[str, ...], cause: str
) -> None:
    delivered = _without(*without)
    users = [u for u in USERS if u != ("u_h", f"{PHONE}2")] if left == "customer:f1" else APART
    first = _home(tmp_path / "first", users, delivered)
    after = [("u_new" if each == left else user, each) for user, each in users]
    own = told("--compare", first, _home(tmp_path / "second", after, delivered))
    assert {name: count for name, count in own.items() if count and name != "in_both"} == {
        "changed": 1,
        cause: 1,
    }


def test_an_undone_cut_explains_nothing(tmp_path: Path) -> None:
    columns, rows = DELIVERED["identity/decisions"]
    undone = [*rows, ("d2", "undo", None, None, None, None, "d1")]
    delivered = {**DELIVERED, "identity/decisions": (columns, undone)}
    after = [("u_new" if each == f"{PHONE}2" else user, each) for user, each in APART]
    first = _home(tmp_path / "first", APART, delivered)
    own = told("--compare", first, _home(tmp_path / "second", after, delivered))
    assert (own["decided_split"], own["false_split"]) == (0, 1)


@pytest.mark.parametrize(("to", "cause"), [("u_f", "handed_on"), ("u_i", "false_merge")])
def test_a_shared_device_that_gets_one_more_user(tmp_path: Path, to: str, cause: str) -> None:
    """Who had the tablet still has it; that Fritz does too is right, that Ida does is not."""
    first = _home(tmp_path / "first", APART)
    own = told("--compare", first, _home(tmp_path / "second", [*APART, (to, "device:tab")]))
    assert (own["changed"], own[cause]) == (1, 1)
