"""Consents as they stood, contacts, sessions and followers, found the slow and plain way."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise

from second_way.facts import Facts, login_user
from second_way.periods import Published, start_of
from second_way.raw import Node

DUPLICATE_WINDOW = timedelta(days=7)
SESSION_PAUSE = timedelta(minutes=30)


def standing_consents(facts: Facts) -> dict[tuple[Node, str], list[tuple[datetime, bool]]]:
    """Moments at which the consent of a user to a purpose changed, and whether it then stood."""
    actions: dict[tuple[Node, str], dict[datetime, bool]] = defaultdict(dict)
    for row in facts.raw["crm/consents"]:
        of_user = actions[facts.who.user_of["customer", row["customer_id"]], row["purpose"]]
        moment, granted = row["happened_at"], row["action"] == "grant"
        of_user[moment] = granted and of_user.get(moment, True)
    changes: dict[tuple[Node, str], list[tuple[datetime, bool]]] = {}
    for key, moments in actions.items():
        stood, kept = False, []
        for moment, stands in sorted(moments.items()):
            if stands != stood:
                kept.append((moment, stands))
            stood = stands
        changes[key] = kept
    return changes


def duplicate_contacts(facts: Facts) -> set[str]:
    """Marketing messages that repeat a campaign of the last 7 days through another channel."""
    sent: dict[tuple[Node, str], list[tuple[datetime, str, str]]] = defaultdict(list)
    for touch in facts.touches:
        row = touch.row
        if touch.kind != "message" or row["purpose"] != "marketing":
            continue
        if touch.user and touch.campaign_id:
            found = (touch.touched_at, touch.touch_id, row["message_channel"])
            sent[touch.user, touch.campaign_id].append(found)
    return {
        message[1]
        for messages in sent.values()
        for message in messages
        if any(
            other[:2] < message[:2]
            and other[2] != message[2]
            and message[0] - other[0] <= DUPLICATE_WINDOW
            for other in messages
        )
    }


def sessions(facts: Facts) -> list[tuple[Node, datetime, int]]:
    """User, beginning and events of every session: no pause of a device over 30 minutes.

    The user is who was logged in last, else who had the device at the beginning.
    """
    of_device: dict[str, list[tuple[datetime, str, str | None]]] = defaultdict(list)
    for row in facts.raw["channel/app_events"]:
        event = row["occurred_at"], row["event_id"], row["customer_id"]
        of_device[row["device_id"]].append(event)
    made = []
    for device, events in of_device.items():
        events.sort(key=lambda event: event[:2])
        breaks = [
            number
            for number, event in enumerate(events)
            if number == 0 or event[0] - events[number - 1][0] > SESSION_PAUSE
        ]
        for start, end in pairwise([*breaks, len(events)]):
            session = events[start:end]
            logins = [customer for _, _, customer in session if customer is not None]
            began = session[0][0]
            user = login_user(facts.who, logins[-1] if logins else None, device, began)
            made.append((user, began, len(session)))
    return made


def match_rates(facts: Facts, out: Published) -> None:
    """Followers with an account over all followers, on every day and by platform."""
    raw, who = facts.raw, facts.who
    long_ago = date(1900, 1, 1)
    first: dict[str, dict[Node, date]] = defaultdict(dict)

    def seen(platform: str, user: Node | None, at: datetime | None) -> None:
        assert user is not None
        day = raw.day(at) if at else long_ago
        for name in ("all", platform, *(["social"] if platform != "wecom" else [])):
            first[name][user] = min(day, first[name].get(user, day))

    for row in raw["channel/social_profiles"]:
        seen(row["platform"], who.user("open_id", row["open_id"]), row["followed_at"])
    for row in raw["channel/wecom_contacts"]:
        seen("wecom", who.user("wecom_user", row["external_user_id"]), row["added_at"])
    accounts = who.accounts()
    days = list(_days(facts))
    for name, followers in first.items():
        matched = sorted(
            max(day, facts.registrations[user].day) if user in facts.registrations else day
            for user, day in followers.items()
            if user in accounts
        )
        known = sorted(followers.values())
        cut = ("all", "all") if name == "all" else ("source", name)
        for day in days:
            if count := bisect_right(known, day):
                place = ("day", day, *cut)
                out.put_ratio(
                    "identity_match_rate", place, bisect_right(matched, day), count, is_mature=True
                )


def _days(facts: Facts) -> Iterable[date]:
    """Every day of the calendar: from the month in which anything happened first."""
    raw = facts.raw
    first = min(
        *(found.day for found in facts.registrations.values()),
        *(order.day for order in facts.orders),
        *(day for days in facts.event_days.values() for day in days),
        *(row["spend_date"] for row in raw["channel/ad_spend_daily"]),
        *(raw.day(touch.touched_at) for touch in facts.touches),
        *(raw.day(row["opened_at"]) for row in raw["crm/tickets"]),
    )
    day = start_of("month", first)
    while day <= raw.as_of:
        yield day
        day += timedelta(days=1)
