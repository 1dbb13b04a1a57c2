"""The landing files read in plain Python: the first step of the second way to the KPIs.

Only the contract (docs/contract.md) is followed here; ingestion and dbt are not used. Rows that
would need more than that (a repeated key, a missing value) stop the reading: the homes of these
tests have none, so a surprise must not be counted silently.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as parquet

Row = dict[str, Any]
#: An identifier: type and value.
Node = tuple[str, str]
#: Table -> (columns of the key, date that must not be after the as-of date, further columns).
#: Types follow from names: `_at` a moment, `_date` a day, `_amount` money, the rest text.
TABLES = {
    "channel/campaigns": (
        "campaign_id",
        "",
        "channel_code objective product_id scenario_code launched_at ended_at",
    ),
    "channel/ad_spend_daily": (
        "spend_date platform campaign_id creative_id",
        "spend_date",
        "impressions clicks cost_amount currency_code region",
    ),
    "channel/offline_events": (
        "event_id",
        "starts_at",
        "campaign_id kind city_code starts_at cost_amount currency_code",
    ),
    "channel/ad_touches": (
        "touch_id",
        "touched_at",
        "touched_at kind campaign_id device_id platform_user_id utm_source utm_medium",
    ),
    "channel/app_events": (
        "event_id",
        "occurred_at",
        "occurred_at device_id customer_id event_name scenario_code product_id dwell_seconds",
    ),
    "channel/coupons": (
        "coupon_id",
        "claimed_at",
        "campaign_id offline_event_id claimed_at claimed_by_phone claimed_device_id customer_id "
        "redeemed_at",
    ),
    "channel/messages": (
        "message_id",
        "sent_at",
        "message_channel campaign_id customer_id recipient_phone sent_at delivered_at opened_at "
        "clicked_at purpose",
    ),
    "channel/referrals": (
        "referral_id",
        "sent_at",
        "invitee_phone sent_at registered_customer_id registered_at inviter_customer_id "
        "campaign_id",
    ),
    "channel/social_profiles": ("platform open_id", "followed_at", "union_id phone followed_at"),
    "channel/wecom_contacts": (
        "external_user_id staff_id",
        "added_at",
        "union_id phone added_at removed_at",
    ),
    "channel/community_members": ("group_id external_user_id", "joined_at", "joined_at left_at"),
    "channel/community_activity": (
        "activity_id",
        "happened_at",
        "group_id external_user_id happened_at",
    ),
    "channel/partner_calls_daily": (
        "call_date partner_id scenario_code",
        "call_date",
        "calls fee_amount referred_registrations",
    ),
    "transaction/products": (
        "product_id",
        "",
        "product_line scenario_code risk_level is_bundle segment",
    ),
    "transaction/orders": (
        "order_id",
        "ordered_at",
        "customer_id product_id ordered_at revenue_amount variable_cost_amount currency_code "
        "device_id status matured_at renewed_from_order_id amount",
    ),
    "transaction/repayments": (
        "repayment_id",
        "",
        "order_id due_at paid_at due_amount paid_amount currency_code",
    ),
    "transaction/asset_balances": (
        "customer_id balance_date product_line",
        "balance_date",
        "balance_amount",
    ),
    "crm/customers": (
        "customer_id",
        "registered_at",
        "phone id_card email member_number name birth_date registered_at register_channel "
        "register_device_id updated_at deleted_at gender city_code income_band occupation",
    ),
    "crm/customer_merges": (
        "merged_customer_id surviving_customer_id",
        "merged_at",
        "merged_at undone_at",
    ),
    "crm/leads": (
        "lead_id",
        "created_at",
        "phone source_channel campaign_id created_at converted_customer_id",
    ),
    "crm/customer_devices": ("customer_id device_id", "first_seen_at", "first_seen_at"),
    "crm/consents": ("consent_id", "happened_at", "customer_id purpose action happened_at"),
    "crm/experiments": ("experiment_id", "started_at", "name started_at"),
    "crm/experiment_assignments": (
        "experiment_id customer_id",
        "assigned_at",
        "variant assigned_at",
    ),
    "crm/recommendations": (
        "decision_id",
        "decided_at",
        "customer_id product_id decided_at shown",
    ),
    "crm/surveys": ("response_id", "asked_at", "customer_id kind asked_at answered_at answers"),
    "crm/tickets": ("ticket_id", "opened_at", "customer_id opened_at resolved_at kind topic"),
}
#: Columns with personal identifiers whose form differs between systems.
PHONES = ("phone", "claimed_by_phone", "recipient_phone", "invitee_phone")
LOWER_CASE = (
    *("email", "device", "device_id", "claimed_device_id", "register_device_id"),
    "platform_user_id",
)
WHOLE_NUMBERS = ("impressions", "clicks", "dwell_seconds", "calls", "referred_registrations")


@dataclass(frozen=True)
class Raw:
    """Rows of every table up to the as-of date, and the day of a moment."""

    tables: dict[str, list[Row]]
    as_of: date
    zone: ZoneInfo

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]

    def day(self, moment: datetime) -> date:
        """The business day of a moment in UTC."""
        return moment.replace(tzinfo=UTC).astimezone(self.zone).date()


def read_landing(landing: Path, as_of: date, zone: str = "Asia/Shanghai") -> Raw:
    """Every landing file of a home."""
    raw = Raw({}, as_of, ZoneInfo(zone))
    for table, (key, counted_on, columns) in TABLES.items():
        names = list(dict.fromkeys([*key.split(), *columns.split()]))
        rows = _keyed(_rows(landing / table, names), key.split(), table)
        raw.tables[table] = [row for row in rows if _counts(raw, row.get(counted_on))]
    return raw


def _counts(raw: Raw, moment: datetime | date | None) -> bool:
    if isinstance(moment, datetime):
        return raw.day(moment) <= raw.as_of
    return moment is None or moment <= raw.as_of


def _keyed(rows: Iterable[Row], key: list[str], table: str) -> list[Row]:
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        value = tuple(row[column] for column in key)
        if None in value:
            raise ValueError(f"{table}: a row without {key}")
        if kept.setdefault(value, row) != row:
            raise ValueError(f"{table}: two versions of {value}")
    return list(kept.values())


def _rows(folder: Path, names: list[str]) -> Iterator[Row]:
    for path in sorted(folder.iterdir()):
        for record in _records(path):
            yield {name: typed(name, record.get(name)) for name in names}


def _records(path: Path) -> Iterator[Row]:
    if path.suffix == ".parquet":
        yield from parquet.read_table(path).to_pylist()
        return
    open_text = gzip.open if path.suffix == ".gz" else open
    with open_text(path, "rt", encoding="utf-8", newline="") as lines:
        if ".csv" in path.suffixes:
            yield from csv.DictReader(lines)
        else:
            yield from (json.loads(line, parse_float=Decimal) for line in lines if line.strip())


def typed(name: str, value: Any) -> Any:
    """A raw value with the type its column's name promises; an empty text is no value."""
    if isinstance(value, datetime | Decimal) or value is None:
        return value
    text = str(value).strip()
    if not text:
        return None
    if name.endswith("_at"):
        return _moment(text)
    if name.endswith("_date"):
        return date.fromisoformat(text)
    if name.endswith("_amount"):
        return Decimal(text)
    if name in WHOLE_NUMBERS:
        return int(text)
    return identifier(name, text) or None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def identifier(name: str, text: str) -> str:
    """One form of an identifier, whatever system wrote it; a name is a column or a type."""
    if name in PHONES:
        digits = re.sub(r"\D", "", text)
        return re.sub(r"^(?:00)?86(1\d{10})$", r"\1", digits)
    if name in ("id_card", "member_number"):
        return text.upper()
    return text.lower() if name in LOWER_CASE else text


@cache
def seed(path: Path) -> tuple[dict[str, str], ...]:
    """Rows of a reference table of the project."""
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))
