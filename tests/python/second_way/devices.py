"""Who has a device when, and whom an ad platform means.

A device of one user is theirs for good. A shared one goes from hand to hand: from one login until
somebody else logs in. In a window with more users than allowed it is nobody's. A platform user
belongs to the user on whose device it was first seen, and brings devices that nobody else has.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from second_way.links import Rules, Sightings, window_of, withdrawn_purposes
from second_way.naming import Namer
from second_way.raw import Node, Raw

Groups = Mapping[Node, Node]
BEGINNING = datetime(1900, 1, 1)
LOGINS = (
    ("channel/app_events", "occurred_at", "event_id"),
    ("transaction/orders", "ordered_at", "order_id"),
)


@dataclass
class Owners:
    """Users of devices and platform users."""

    #: The user that an identifier is listed with.
    user_of: dict[Node, Node] = field(default_factory=dict)
    #: Periods of shared devices: when one begins, and who has the device then.
    periods: dict[Node, list[tuple[datetime, Node]]] = field(default_factory=dict)
    #: Devices that are nobody's in some window.
    public: set[Node] = field(default_factory=set)
    #: Platform users that follow nobody, and why.
    demoted: dict[Node, str] = field(default_factory=dict)


def own_devices(
    raw: Raw, found: Sightings, groups: Groups, rules: Rules, link_rules: Rules, name: Namer
) -> Owners:
    """Owners of all devices and platform users that have any."""
    owners = Owners()
    #: Device -> window -> user -> when first seen on it in the window.
    seen: dict[Node, dict[int, dict[Node, datetime | None]]] = defaultdict(dict)
    for (device, linked), link in found.active.items():
        for window in link.times if device[0] == "device" else ():
            users = seen[device].setdefault(window, {})
            moments = users.get(groups[linked]), link.first_at.get(window)
            users[groups[linked]] = min(filter(None, moments), default=None)
    shared = {}
    for device, windows in seen.items():
        people = {user for users in windows.values() for user in users}
        if len(people) == 1:
            owners.user_of[device] = people.pop()
        else:
            shared[device] = windows
    _hand_on(raw, found, groups, rules["device"], name, shared, owners)
    _own_platform_users(raw, found, groups, rules, link_rules, name, owners)
    _follow(found, set(seen), owners)
    return owners


def _hand_on(
    raw: Raw,
    found: Sightings,
    groups: Groups,
    rule: Mapping[str, str],
    name: Namer,
    shared: Mapping[Node, Mapping[int, Mapping[Node, datetime | None]]],
    owners: Owners,
) -> None:
    """Periods of devices with several users."""
    points: dict[Node, list[tuple[datetime, str, str, Node]]] = defaultdict(list)
    limit = int(rule["users_per_value"])

    def point(device: Node, moment: datetime, sighting: str, window: int, user: Node) -> None:
        holder = device if len(shared[device][window]) > limit else user
        points[device].append((moment, sighting, name(holder), holder))

    for table, at, sighting_id in LOGINS:
        for row in raw[table]:
            device, account = ("device", row["device_id"]), ("customer", row["customer_id"])
            if device in shared and (device, account) in found.active:
                window = window_of(raw, row[at], rule)
                point(device, row[at], row[sighting_id], window, groups[account])
    for device, windows in shared.items():
        if any(len(users) > limit for users in windows.values()):
            owners.public.add(device)
        for window, users in windows.items():
            for user, moment in users.items():
                if moment is not None:
                    point(device, moment, name(user), window, user)
    for device, found_points in points.items():
        periods: list[tuple[datetime, Node]] = []
        for moment, _, _, holder in sorted(found_points):
            if not periods or periods[-1][1] != holder:
                periods.append((moment if periods else BEGINNING, holder))
        # Of logins at the same moment the last one counts.
        ends = [*(start for start, _ in periods[1:]), None]
        owners.periods[device] = [
            period for period, end in zip(periods, ends, strict=True) if period[0] != end
        ]
        owners.user_of[device] = device if device in owners.public else periods[0][1]


def _own_platform_users(
    raw: Raw,
    found: Sightings,
    groups: Groups,
    rules: Rules,
    link_rules: Rules,
    name: Namer,
    owners: Owners,
) -> None:
    """Who had the device when the platform user was first seen on one that anybody had."""
    met: dict[Node, dict[Node, datetime]] = defaultdict(dict)
    devices: dict[Node, set[Node]] = defaultdict(set)
    for row in raw["channel/ad_touches"]:
        node, device = ("platform_user", row["platform_user_id"]), ("device", row["device_id"])
        if (node, device) not in found.active:
            continue
        devices[node].add(device)
        user = owners.user_of.get(device)
        if periods := owners.periods.get(device):
            passed = bisect_right([start for start, _ in periods], row["touched_at"])
            user = periods[passed - 1][1]
        if user is not None and user != device:
            met[node][user] = min(row["touched_at"], met[node].get(user, row["touched_at"]))
    purpose = link_rules["touch_platform_user"]["consent_purpose"]
    withdrawn = {
        groups["customer", customer]
        for customer, purposes in withdrawn_purposes(raw).items()
        if purpose in purposes
    }
    for node, used in devices.items():
        people = met[node]
        owner = min(people, key=lambda user: (people[user], name(user)), default=None)
        if len(people) > int(rules["platform_user"]["users_per_value"]):
            owners.demoted[node] = "too_many_users"
        elif len(used) > int(rules["device"]["values_per_user"]):
            owners.demoted[node] = "too_many_devices"
        elif owner in withdrawn:
            owners.demoted[node] = "consent_withdrawn"
        elif owner is not None:
            owners.user_of[node] = owner


def _follow(found: Sightings, with_users: set[Node], owners: Owners) -> None:
    """A device that no account was seen on belongs to whom its platform users all mean."""
    meant: dict[Node, set[Node]] = defaultdict(set)
    for node, device in found.active:
        if node[0] == "platform_user" and node not in owners.demoted and device not in with_users:
            meant[device].add(owners.user_of.get(node, node))
    for device, people in meant.items():
        if len(people) == 1:
            owners.user_of[device] = next(iter(people))
