"""The accuracy of personas a second time: who was thought to be what on the eve of a quarter."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from finview.settings import project_root
from second_way.facts import Facts, login_user
from second_way.periods import ALL, Published, shifted, start_of
from second_way.raw import Node, seed
from second_way.tiers import TierMonth

TAGS = project_root() / "seeds/tags"
ATTRIBUTES = ("age_band", "income_band", "scenario_need")
#: What a user has, by attribute or trait; a trait that is not known is missing.
Traits = dict[str, str]
#: Things taken: day, value, weight.
Takings = list[tuple[date, str, int]]
NEVER = datetime.min


def persona_kpis(
    facts: Facts, tiers: Mapping[tuple[Node, date], TierMonth], out: Published
) -> None:
    """Predictions of the eve of each quarter against what was told in it."""
    truths = _truths(facts)
    behaviour = _Behaviour(facts)
    for quarter in sorted({quarter for quarter, _ in truths}):
        eve = quarter - timedelta(1)
        listed = [user for user, month in tiers if month == start_of("month", eve)]
        traits = {user: behaviour.traits(user, eve) for user in listed}
        known: Counter[str] = Counter()
        right: Counter[str] = Counter()
        for (asked, attribute), truth in truths.items():
            if asked != quarter:
                continue
            votes = _votes(traits, attribute)
            for user, value in truth.items():
                if user in traits:
                    known[attribute] += 1
                    right[attribute] += _said(votes, traits[user], attribute) == value
        for attribute, count in known.items():
            place = ("quarter", quarter, "attribute", attribute)
            out.put_ratio("persona_accuracy", place, right[attribute], count)
        if known:
            place = ("quarter", quarter, *ALL)
            out.put_ratio("persona_accuracy", place, right.total(), known.total())


def _cells(traits: Traits, attribute: str) -> list[tuple[str, ...]]:
    """The groups that a user is in, from the narrowest to all."""
    names = ["occupation", "event_class", "product_line"]
    if attribute == "scenario_need":
        names = ["browsed_scenario", "product_line"]
    narrow = tuple(traits.get(name, "none") for name in names)
    return [("narrow", *narrow), ("wide", narrow[0]), ("all",)]


def _votes(traits: dict[Node, Traits], attribute: str) -> dict[tuple[str, ...], Counter[str]]:
    votes: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for own in traits.values():
        if attribute in own:
            for cell in _cells(own, attribute):
                votes[cell][own[attribute]] += 1
    return votes


def _said(votes: dict[tuple[str, ...], Counter[str]], own: Traits, attribute: str) -> str | None:
    """The own value, else what most have in the narrowest group with enough votes."""
    if attribute in own:
        return own[attribute]
    numbers = {row["setting_name"]: row["setting_value"] for row in seed(TAGS / "tag_settings.csv")}
    for cell in _cells(own, attribute):
        if votes[cell].total() >= int(numbers["persona_minimum_votes"]):
            return min(votes[cell], key=lambda value: (-votes[cell][value], value))
    return None


def _truths(facts: Facts) -> dict[tuple[date, str], dict[Node, str]]:
    """What was told first by quarter and attribute: in a survey or by an order."""
    raw, who = facts.raw, facts.who
    scenarios = {row["product_id"]: row["scenario_code"] for row in raw["transaction/products"]}
    told: list[tuple[datetime, int, str, Node, str, str]] = []
    for row, answers in facts.profiles():
        user = who.user_of["customer", row["customer_id"]]
        for name in ATTRIBUTES:
            if name in answers:
                told.append((row["answered_at"], 0, row["response_id"], user, name, answers[name]))
    for row in raw["transaction/orders"]:
        if scenario := scenarios.get(row["product_id"]):
            user = who.user_of["customer", row["customer_id"]]
            told.append((row["ordered_at"], 1, row["order_id"], user, "scenario_need", scenario))
    found: dict[tuple[date, str], dict[Node, str]] = defaultdict(dict)
    for moment, _, _, user, name, value in sorted(told):
        found[start_of("quarter", raw.day(moment)), name].setdefault(user, value)
    return found


class _Behaviour:
    """What each user did and said, by day."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.said = _said_of(facts)
        self.lines: dict[Node, Takings] = defaultdict(list)
        self.bought: dict[Node, Takings] = defaultdict(list)
        for order in facts.orders:
            if order.line != "unknown":
                self.lines[order.user].append((order.day, order.line, 1))
            if order.scenario:
                self.bought[order.user].append((order.day, order.scenario, 1))
        self.classes: dict[Node, Takings] = defaultdict(list)
        self.browsed: dict[Node, Takings] = defaultdict(list)
        self._events()

    def _events(self) -> None:
        raw = self.facts.raw
        classes = {
            row["event_name"]: row["event_class"] for row in seed(TAGS / "event_dictionary.csv")
        }
        reads: dict[str, set[str]] = defaultdict(set)
        for row in seed(TAGS / "event_uses.csv"):
            reads[row["code"]].add(row["event_name"])
        first: dict[tuple[str, str | None, date], datetime] = {}
        for event in raw["channel/app_events"]:
            moment = event["occurred_at"]
            key = event["device_id"], event["customer_id"], raw.day(moment)
            first[key] = min(moment, first.get(key, moment))
        for event in raw["channel/app_events"]:
            day, name = raw.day(event["occurred_at"]), event["event_name"]
            device, customer = event["device_id"], event["customer_id"]
            user = login_user(self.facts.who, customer, device, first[device, customer, day])
            if name in reads["favourite_event_class"]:
                self.classes[user].append((day, classes[name], 1))
            if event["scenario_code"] and name in reads["browsed_scenario"]:
                self.browsed[user].append((day, event["scenario_code"], 1))

    def traits(self, user: Node, eve: date) -> Traits:
        """What was known of a user at the end of a day, the last of a month."""
        month = start_of("month", eve)
        found = {
            "scenario_need": _most(self.bought[user], shifted(month, -11), eve),
            "product_line": _most(self.lines[user], shifted(month, -11), eve),
            "event_class": _most(self.classes[user], shifted(month, -2), eve, by_last=False),
            "browsed_scenario": _most(self.browsed[user], shifted(month, -2), eve),
            "income_band": self._told(user, "income_band", eve),
            "occupation": self._told(user, "occupation", eve),
        }
        if born := self._told(user, "birth_date", eve):
            birth = date.fromisoformat(born)
            for band in seed(TAGS / "age_bands.csv"):
                first, last = (
                    shifted(birth, 12 * int(band[f"{end}_years"])) for end in ("from", "to")
                )
                if band["scheme"] == "survey" and first <= eve < last:
                    found["age_band"] = band["age_band"]
        return {name: value for name, value in found.items() if value is not None}

    def _told(self, user: Node, name: str, eve: date) -> str | None:
        """What a source of at least the best trust so far said last."""
        best, value = -(10**6), None
        for moment, trust, said in self.said[user, name]:
            if (moment == NEVER or self.facts.raw.day(moment) <= eve) and trust >= best:
                best, value = trust, said
        return value


def _most(takings: Takings, first: date, last: date, *, by_last: bool = True) -> str | None:
    """What was taken most often, of two alike last, then the first by name."""
    counts: Counter[str] = Counter()
    latest: dict[str, date] = {}
    for day, value, weight in takings:
        if first <= day <= last:
            counts[value] += weight
            latest[value] = max(day, latest.get(value, day))
    if not counts:
        return None
    return min(
        counts,
        key=lambda value: (-counts[value], -latest[value].toordinal() if by_last else 0, value),
    )


def _said_of(facts: Facts) -> dict[tuple[Node, str], list[tuple[datetime, int, str]]]:
    """Moment, trust and value of what was said about a user, in the order in which it counts."""
    rows = facts.raw["crm/customers"]
    gone = {row["customer_id"] for row in rows if row["deleted_at"]}
    said: list[tuple[str, str, datetime, int, str, str]] = []
    for row in rows:
        moment = row["updated_at"] or row["registered_at"] or NEVER
        for name in ("birth_date", "income_band", "occupation"):
            if row[name]:
                found = (row["customer_id"], str(row[name]), moment, 100, "crm.customers", name)
                said.append(found)
    for row, answers in facts.profiles():
        if "income_band" in answers:
            value, moment = answers["income_band"], row["answered_at"]
            said.append((row["customer_id"], value, moment, 60, "crm.surveys", "income_band"))
    # Stable sorts: customers and values from the last by name, within moment, trust and source.
    said.sort(reverse=True)
    trusts = {found: found[3] - 1000 * (found[0] in gone) for found in said}
    said.sort(key=lambda found: (found[2], trusts[found], found[4]))
    made: dict[tuple[Node, str], list[tuple[datetime, int, str]]] = defaultdict(list)
    for found in said:
        customer, value, moment, _, _, name = found
        made[facts.who.user_of["customer", customer], name].append((moment, trusts[found], value))
    return made
