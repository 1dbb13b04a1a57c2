"""What was seen together in the raw tables, and what of it may say that two are one.

Rules are those of seeds/identity. A pair of identifiers links while none of the two is barred, no
consent that it rests on was withdrawn, and enough of its sightings lie in windows in which the
identifier had no more users than its rule allows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from second_way.raw import Node, Raw, Row

Pair = tuple[Node, Node]
Rules = Mapping[str, Mapping[str, str]]
EPOCH = date(1970, 1, 1)
NO_WINDOW = -1
#: Table, moment, rule (- for none), identifier (type, column), what it was seen with (likewise).
SEEN_IN = """
crm/customers registered_at - customer customer_id
crm/customers registered_at customer_phone phone phone customer customer_id
crm/customers registered_at customer_id_card id_card id_card customer customer_id
crm/customers registered_at customer_email email email customer customer_id
crm/customers registered_at customer_member_number member_number member_number customer customer_id
crm/customers registered_at register_device device register_device_id customer customer_id
crm/customer_devices first_seen_at customer_device device device_id customer customer_id
crm/customer_merges merged_at crm_merge customer merged_customer_id customer surviving_customer_id
crm/consents happened_at - customer customer_id
crm/tickets opened_at - customer customer_id
crm/leads created_at lead_customer lead lead_id customer converted_customer_id
crm/leads created_at lead_phone lead lead_id phone phone
channel/app_events occurred_at app_login device device_id customer customer_id
channel/ad_touches touched_at - device device_id
channel/ad_touches touched_at touch_platform_user platform_user platform_user_id device device_id
channel/coupons claimed_at - customer customer_id
channel/coupons claimed_at coupon_phone phone claimed_by_phone customer customer_id
channel/coupons claimed_at coupon_device_phone device claimed_device_id phone claimed_by_phone
channel/coupons claimed_at coupon_device device claimed_device_id customer customer_id
channel/messages sent_at - customer customer_id
channel/messages sent_at message_phone phone recipient_phone customer customer_id
channel/referrals sent_at referral_phone phone invitee_phone customer registered_customer_id
channel/social_profiles followed_at social_phone open_id open_id phone phone
channel/social_profiles followed_at social_union union_id union_id open_id open_id
channel/wecom_contacts added_at wecom_phone wecom_user external_user_id phone phone
channel/wecom_contacts added_at wecom_union union_id union_id wecom_user external_user_id
channel/community_members joined_at - wecom_user external_user_id
transaction/orders ordered_at - customer customer_id
transaction/orders ordered_at order_device device device_id customer customer_id
"""


@dataclass
class Link:
    """Two identifiers seen together: by window how often and when first, under which rule."""

    rule: Mapping[str, str]
    last_at: datetime | None = None
    times: Counter[int] = field(default_factory=Counter)
    first_at: dict[int, datetime] = field(default_factory=dict)
    #: Sightings in windows with no more users than allowed.
    support: int = 0

    def see(self, rule: Mapping[str, str], window: int, moment: datetime | None) -> None:
        """One more sighting; the most trusted rule speaks for the link."""
        self.rule = max(self.rule, rule, key=lambda found: int(found["trust"]))
        self.times[window] += 1
        if moment is not None:
            self.first_at[window] = min(moment, self.first_at.get(window, moment))
            self.last_at = max(moment, self.last_at or moment)


@dataclass
class Sightings:
    """Every identifier, every pair seen together, and what bars an identifier."""

    seen: set[Node] = field(default_factory=set)
    pairs: dict[Pair, Link] = field(default_factory=dict)
    #: Identifiers that link nobody, with the reason.
    barred: dict[Node, str] = field(default_factory=dict)
    #: Identifiers with more users in a window than allowed.
    over_limit: dict[Node, set[int]] = field(default_factory=dict)
    #: Pairs that hold.
    active: dict[Pair, Link] = field(default_factory=dict)


def window_of(raw: Raw, moment: datetime | None, rule: Mapping[str, str]) -> int:
    """Number of the window that a moment lies in."""
    if moment is None:
        return NO_WINDOW
    return (raw.day(moment) - EPOCH).days // int(rule["window_days"])


def find_links(raw: Raw, rules: Rules, link_rules: Rules, blocked: Iterable[Node]) -> Sightings:
    """All pairs of all tables, those that hold told from those that do not."""
    found = Sightings()
    for rule_code, node, linked, moment in _sighted(raw):
        found.seen.add(node)
        if linked is not None:
            found.seen.add(linked)
            rule = link_rules[rule_code]
            link = found.pairs.setdefault((node, linked), Link(rule))
            link.see(rule, window_of(raw, moment, rules[node[0]]), moment)
    found.barred = _barred(raw, found, rules, set(blocked))
    found.over_limit = _over_limit(found, rules)
    purposes = withdrawn_purposes(raw)
    withdrawn = {
        (node, purpose)
        for node, (kind, value) in found.pairs
        if node[0] == "phone" and kind == "customer"
        for purpose in purposes.get(value, ())
    }
    for (node, linked), link in found.pairs.items():
        over = found.over_limit.get(node, set())
        link.support = sum(times for window, times in link.times.items() if window not in over)
        purpose = link.rule["consent_purpose"]
        if node in found.barred or linked in found.barred or (linked, purpose) in withdrawn:
            continue
        if link.support >= max(1, int(rules[node[0]]["minimum_support"])):
            found.active[node, linked] = link
    return found


def _sighted(raw: Raw) -> Iterator[tuple[str, Node, Node | None, datetime | None]]:
    for line in SEEN_IN.strip().splitlines():
        table, at, rule_code, kind, column, *rest = line.split()
        for row in raw[table]:
            if row[column] is None or (
                rule_code == "crm_merge" and _is_known(raw, row, "undone_at")
            ):
                continue
            other = row[rest[1]] if rest else None
            if rule_code == "referral_phone" and not _is_known(raw, row, "registered_at", True):
                other = None
            linked = None if other is None else (rest[0], other)
            yield rule_code, (kind, row[column]), linked, row[at]


def _is_known(raw: Raw, row: Row, column: str, otherwise: bool = False) -> bool:
    """Whether something that comes later had happened by the as-of date."""
    return otherwise if row[column] is None else raw.day(row[column]) <= raw.as_of


def _barred(raw: Raw, found: Sightings, rules: Rules, blocked: set[Node]) -> dict[Node, str]:
    """Identifiers that say nothing about their user, whatever the window."""
    platforms: dict[Node, set[str]] = defaultdict(set)
    for row in raw["channel/social_profiles"]:
        platforms["open_id", row["open_id"]].add(row["platform"])
    customers = {row["customer_id"]: row for row in raw["crm/customers"]}
    id_cards: dict[Node, set[str]] = defaultdict(set)
    names: dict[Node, set[str]] = defaultdict(set)
    for node, (kind, value) in found.pairs:
        if kind == "customer" and value in customers:
            id_cards[node].add(customers[value]["id_card"])
            names[node].add(customers[value]["name"])
    barred = {}
    for node in {node for pair in found.pairs for node in pair}:
        rule = rules[node[0]]
        if node in blocked:
            barred[node] = "blocked_value"
        elif len(platforms.get(node, ())) > 1:
            barred[node] = "seen_on_two_platforms"
        elif rule["must_agree_on_id_card"] == "true" and len(id_cards[node] - {None}) > 1:
            barred[node] = "accounts_disagree_on_id_card"
        elif rule["must_agree_on_name"] == "true" and len(names[node] - {None}) > 1:
            barred[node] = "accounts_disagree_on_name"
    return barred


def _over_limit(found: Sightings, rules: Rules) -> dict[Node, set[int]]:
    """Windows with too many users; who uses a device or an ad is known only later."""
    counted: dict[tuple[Node, int], set[Node]] = defaultdict(set)
    for (node, linked), link in found.pairs.items():
        rule = rules[node[0]]
        if rule["is_strong"] == "true" and linked[0] == rule["counted_type"]:
            for window in link.times:
                counted[node, window].add(linked)
    over: dict[Node, set[int]] = defaultdict(set)
    for (node, window), users in counted.items():
        allowed = rules[node[0]]["users_per_value"]
        if allowed and len(users) > int(allowed):
            over[node].add(window)
    return dict(over)


def withdrawn_purposes(raw: Raw) -> dict[str, set[str]]:
    """By account the purposes whose latest word is a withdrawal, which wins at the same moment."""
    latest: dict[tuple[str, str], tuple[datetime, bool]] = {}
    for row in raw["crm/consents"]:
        key = row["customer_id"], row["purpose"]
        word = row["happened_at"], row["action"] == "withdraw"
        latest[key] = max(word, latest.get(key, word))
    withdrawn: dict[str, set[str]] = defaultdict(set)
    for (customer, purpose), (_, is_withdrawn) in latest.items():
        if is_withdrawn:
            withdrawn[customer].add(purpose)
    return dict(withdrawn)
