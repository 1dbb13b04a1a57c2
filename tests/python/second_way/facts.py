"""What happened to whom: registrations, orders, touches and what they are owed to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from finview.settings import project_root
from second_way.identity import Identity
from second_way.raw import Node, Raw, Row, seed

CLICK_WINDOW, VIEW_WINDOW = timedelta(days=30), timedelta(days=1)
LOSS_AFTER = timedelta(days=90)
CURRENCY = "CNY"


@dataclass(frozen=True)
class Touch:
    """An impression, click, claimed coupon or message of a user."""

    kind: str
    touch_id: str
    user: Node | None
    touched_at: datetime
    engaged_at: datetime | None
    campaign_id: str | None
    channel: str
    row: Row


@dataclass(frozen=True)
class Order:
    """An order with its money and the channel of its last touch."""

    user: Node
    day: date
    revenue: Decimal
    margin: Decimal
    line: str
    scenario: str | None
    channel: str
    is_first: bool
    campaign: str | None = None


@dataclass(frozen=True)
class Registration:
    """The first registration of a user and the channel that brought the user."""

    user: Node
    day: date
    channel: str
    at: datetime
    declared: str | None
    campaign: str | None


@dataclass
class Facts:
    """All facts of a home, each as far as the as-of date."""

    raw: Raw
    who: Identity
    channels: dict[str, dict[str, str]]
    touches: list[Touch] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    registrations: dict[Node, Registration] = field(default_factory=dict)
    #: What conversions may be owed to, by user.
    engaged: dict[Node, list[Touch]] = field(default_factory=dict)
    #: Days with an app event, by user.
    event_days: dict[Node, set[date]] = field(default_factory=dict)

    def path(self, channel: str) -> str:
        """Channel group and channel."""
        return f"{self.channels[channel]['channel_group']}/{channel}"

    def is_paid(self, channel: str) -> bool:
        return self.channels[channel]["is_paid"] == "true"

    def profiles(self) -> Iterator[tuple[Row, dict[str, str]]]:
        """Surveys of the kind profile that were answered by the as-of date, and the answers."""
        for row in self.raw["crm/surveys"]:
            if row["kind"] != "profile" or not row["answered_at"] or not row["answers"]:
                continue
            if self.raw.day(row["answered_at"]) <= self.raw.as_of:
                yield row, json.loads(row["answers"])


def gather(raw: Raw, who: Identity, channels: dict[str, dict[str, str]]) -> Facts:
    """Facts from raw rows."""
    for table in ("channel/ad_spend_daily", "transaction/orders", "transaction/repayments"):
        if {row["currency_code"] for row in raw[table]} - {CURRENCY}:
            raise ValueError(f"{table}: another currency")
    facts = Facts(raw, who, channels)
    facts.touches = _touches(facts)
    engaged: dict[Node, list[Touch]] = defaultdict(list)
    for touch in [*facts.touches, *_other_engagements(facts)]:
        if touch.user and touch.engaged_at:
            engaged[touch.user].append(touch)
    facts.engaged = dict(engaged)
    facts.registrations = _registrations(facts, engaged)
    facts.orders = _orders(facts, engaged)
    facts.event_days = _event_days(raw, who)
    return facts


def _event_days(raw: Raw, who: Identity) -> dict[Node, set[date]]:
    """Days of each user: of who was logged in, else of who had the device at the first event."""
    first: dict[tuple[str, str | None, date], datetime] = {}
    for row in raw["channel/app_events"]:
        moment = row["occurred_at"]
        key = row["device_id"], row["customer_id"], raw.day(moment)
        first[key] = min(moment, first.get(key, moment))
    days: dict[Node, set[date]] = defaultdict(set)
    for (device, customer, day), moment in first.items():
        days[login_user(who, customer, device, moment)].add(day)
    return dict(days)


def login_user(who: Identity, customer: str | None, device: str, moment: datetime) -> Node:
    """The user who was logged in, else the one who had the device."""
    user = who.user("customer", customer) or who.device_user(device, moment)
    assert user is not None
    return user


def campaign_channels(facts: Facts) -> dict[str, str]:
    """Channel of each campaign, as the channel list knows it."""
    return {
        row["campaign_id"]: row["channel_code"]
        if row["channel_code"] in facts.channels
        else "unmapped"
        for row in facts.raw["channel/campaigns"]
    }


def _touches(facts: Facts) -> list[Touch]:
    raw, who = facts.raw, facts.who
    channel_of = campaign_channels(facts)
    links = {
        (row["utm_source"], row["utm_medium"]): row["channel_code"]
        for row in seed(project_root() / "seeds/channels/utm_mappings.csv")
    }
    made = []

    def add(
        row: Row, kind: str, id_of: str, user: Node | None, at: datetime, engaged: datetime | None
    ) -> None:
        campaign = row["campaign_id"]
        # A tagged link says what it was where nobody knows the campaign.
        tag = (row.get("utm_source") or "").lower(), (row.get("utm_medium") or "").lower()
        channel = channel_of.get(campaign) or links.get(tag, "unmapped")
        made.append(Touch(kind, row[id_of], user, at, engaged, campaign, channel, row))

    for row in raw["channel/ad_touches"]:
        user = who.device_user(row["device_id"], row["touched_at"])
        user = user or who.user("platform_user", row["platform_user_id"])
        add(row, row["kind"], "touch_id", user, row["touched_at"], row["touched_at"])
    for row in raw["channel/coupons"]:
        user = who.user("customer", row["customer_id"])
        user = user or who.trusted_phone(row["claimed_by_phone"])
        user = user or who.device_user(row["claimed_device_id"], row["claimed_at"])
        add(row, "coupon_claim", "coupon_id", user, row["claimed_at"], row["claimed_at"])
    for row in raw["channel/messages"]:
        user = who.user("customer", row["customer_id"])
        user = user or who.trusted_phone(row["recipient_phone"])
        # Service messages bring nobody.
        clicked = row["clicked_at"] if row["purpose"] == "marketing" else None
        add(row, "message", "message_id", user, row["sent_at"], clicked)
    return made


def _other_engagements(facts: Facts) -> Iterator[Touch]:
    """Leads, invitations, staff contacts and communities joined; not from shared identifiers."""
    raw, who = facts.raw, facts.who
    channel_of = campaign_channels(facts)

    def made(kind: str, key: str, node: Node, at: datetime, row: Row, channel: str) -> Touch:
        user = None if node in who.demoted or not node[1] else who.user(*node)
        return Touch(kind, key, user, at, at, row.get("campaign_id"), channel, row)

    for row in raw["crm/leads"]:
        channel = row["source_channel"]
        if channel not in facts.channels:
            channel = channel_of.get(row["campaign_id"], "unmapped")
        node = "lead", row["lead_id"]
        yield made("lead", row["lead_id"], node, row["created_at"], row, channel)
    for row in raw["channel/referrals"]:
        node = "phone", row["invitee_phone"]
        yield made("referral", row["referral_id"], node, row["sent_at"], row, "referral")
    for table, kind, moment, group, channel in (
        ("channel/wecom_contacts", "wecom_contact", "added_at", "staff_id", "wecom"),
        ("channel/community_members", "community_join", "joined_at", "group_id", "community"),
    ):
        for row in raw[table]:
            node = "wecom_user", row["external_user_id"]
            key = f"{row['external_user_id']}/{row[group]}"
            yield made(kind, key, node, row[moment], row, channel)


def last_touch(touches: Iterable[Touch], moment: datetime) -> Touch | None:
    """The engagement that a conversion is owed to; an impression only where there is no other."""
    best: tuple[tuple[bool, timedelta, str, str], Touch] | None = None
    for touch in touches:
        assert touch.engaged_at is not None
        age = moment - touch.engaged_at
        is_view = touch.kind == "impression"
        if timedelta(0) <= age <= (VIEW_WINDOW if is_view else CLICK_WINDOW):
            rank = (is_view, age, touch.kind, touch.touch_id)
            if best is None or rank < best[0]:
                best = rank, touch
    return best[1] if best else None


def _registrations(facts: Facts, engaged: dict[Node, list[Touch]]) -> dict[Node, Registration]:
    first: dict[Node, tuple[datetime, str, str | None]] = {}
    for row in facts.raw["crm/customers"]:
        if row["registered_at"] is not None:
            user = facts.who.user_of["customer", row["customer_id"]]
            found = (row["registered_at"], row["customer_id"], row["register_channel"])
            if user not in first or found[:2] < first[user][:2]:
                first[user] = found
    made = {}
    for user, (moment, _, declared) in first.items():
        touch = last_touch(engaged.get(user, ()), moment)
        if touch:
            channel = touch.channel
        elif declared is None:
            channel = "unattributed"
        else:
            channel = declared if declared in facts.channels else "unmapped"
        campaign = touch.campaign_id if touch else None
        day = facts.raw.day(moment)
        made[user] = Registration(user, day, channel, moment, declared, campaign)
    return made


def _orders(facts: Facts, engaged: dict[Node, list[Touch]]) -> list[Order]:
    raw = facts.raw
    products = {row["product_id"]: row for row in raw["transaction/products"]}
    losses = _losses(raw)
    made, customers = [], set()
    rows = sorted(raw["transaction/orders"], key=lambda row: (row["ordered_at"], row["order_id"]))
    for row in rows:
        user = facts.who.user_of["customer", row["customer_id"]]
        touch = last_touch(engaged.get(user, ()), row["ordered_at"])
        product = products.get(row["product_id"], {})
        revenue = row["revenue_amount"] or Decimal(0)
        margin = revenue - (row["variable_cost_amount"] or 0) - losses[row["order_id"]]
        made.append(
            Order(
                user,
                raw.day(row["ordered_at"]),
                revenue,
                margin,
                product.get("product_line") or "unknown",
                product.get("scenario_code"),
                touch.channel if touch else "unattributed",
                user not in customers,
                touch.campaign_id if touch else None,
            )
        )
        customers.add(user)
    return made


def _losses(raw: Raw) -> dict[str, Decimal]:
    """What is still owed, by order, on instalments unpaid for longer than 90 days."""
    losses: dict[str, Decimal] = defaultdict(Decimal)
    for row in raw["transaction/repayments"]:
        if raw.day(row["due_at"]) < raw.as_of - LOSS_AFTER:
            is_paid = row["paid_at"] is not None and raw.day(row["paid_at"]) <= raw.as_of
            paid = (row["paid_amount"] or Decimal(0)) if is_paid else Decimal(0)
            losses[row["order_id"]] += max(row["due_amount"] - paid, Decimal(0))
    return losses
