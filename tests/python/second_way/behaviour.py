"""Consents as they stood, repeated contacts and sessions, found the slow and plain way."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from second_way.facts import Facts
from second_way.identity import Node

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


def session_sizes(facts: Facts) -> list[int]:
    """Events of every session: those of a device with no pause over 30 minutes."""
    moments: dict[str, list[datetime]] = defaultdict(list)
    for row in facts.raw["channel/app_events"]:
        moments[row["device_id"]].append(row["occurred_at"])
    sizes: list[int] = []
    for found in moments.values():
        found.sort()
        for number, moment in enumerate(found):
            if number == 0 or moment - found[number - 1] > SESSION_PAUSE:
                sizes.append(0)
            sizes[-1] += 1
    return sizes
