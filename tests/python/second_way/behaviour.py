"""Consents as they stood, repeated contacts and sessions, found the slow and plain way."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

from second_way.facts import Facts, login_user
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
