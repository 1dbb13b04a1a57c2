"""People and devices that a small sample lacks: one case for each rule of identity.

Each row is a delivered one with other identifiers, so that everything else about it is valid.
"""

from __future__ import annotations

import csv
import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

Row = dict[str, str]
#: Accounts that log in on the tablet of a shop: more than a family.
CROWD = 5


def plant_identity_cases(landing: Path) -> None:
    """Add one more file to each table concerned."""
    people = _Table(landing / "crm/customers", "email name id_card member_number deleted_at phone")
    events = _Table(landing / "channel/app_events", "customer_id")
    messages = _Table(landing / "channel/messages", "delivered_at opened_at clicked_at")
    merges = _Table(landing / "crm/customer_merges", "")
    profiles = _Table(landing / "channel/social_profiles", "union_id phone unfollowed_at")
    coupons = _Table(landing / "channel/coupons", "customer_id")
    consents = _Table(landing / "crm/consents", "")
    began = datetime.fromisoformat(people.template["registered_at"])

    def account(number: str, **values: str) -> str:
        people.add(customer_id=f"k-{number}", register_device_id=f"d-{number}", **values)
        return f"k-{number}"

    def login(number: int, device: str, customer: str, days: int, minutes: int = 0) -> None:
        moment = str(began + timedelta(days=days, minutes=minutes))
        ids = {"event_id": f"e-planted-{number}", "session_id": f"s-planted-{number}"}
        events.add(**ids, device_id=device, customer_id=customer, occurred_at=moment)

    # A tablet of a shop: public in one month, in private hands long after it, and then sold.
    for number in range(CROWD):
        visitor = account(f"crowd-{number}", phone=f"1990009000{number}")
        login(number, "d-planted-tablet", visitor, days=100, minutes=number)
    login(CROWD, "d-planted-tablet", "k-crowd-1", days=200)
    login(CROWD + 1, "d-planted-tablet", "k-crowd-2", days=300)
    login(CROWD + 2, "d-planted-tablet", "", days=301)
    # Two logins at one moment.
    for number in range(3, 5):
        login(CROWD + number, "d-planted-twins", f"k-crowd-{number}", days=150)
    login(CROWD + 5, "d-planted-twins", "", days=151)
    # Two people with an id card each, a path of three links between them.
    account("card-1", id_card="110101199003070011", email="planted@example.org")
    account("between", email="planted@example.org", phone="19900091000")
    account("card-2", id_card="110101199003070038", phone="19900091000")
    # A family's phone, a phone and a card that changed hands, a number typed to get past a form.
    for number in range(2):
        account(f"name-{number}", name=f"张{'伟敏'[number]}", phone="19900092000")
        card = f"11010119900307009{number}"
        account(f"loyal-{number}", id_card=card, member_number="m-planted", phone="19900094000")
        account(f"typed-{number}", phone="13800138000")
    # A switchboard with more accounts in a year than a number may have, and one with fewer.
    for number in range(6):
        callee = account(f"callee-{number}")
        for phone, days in (("19900093000", 15), ("19900096000", 80)):
            messages.add(
                message_id=f"m-{phone}-{number}",
                customer_id=callee,
                recipient_phone=phone,
                sent_at=str(began + timedelta(days=days * number)),
            )
    # A merge that the CRM took back.
    merges.add(
        merged_customer_id="k-typed-0",
        surviving_customer_id="k-typed-1",
        undone_at=merges.template["merged_at"],
    )
    for platform in ("weibo", "douyin"):
        profiles.add(platform=platform, open_id="oid-planted", phone="19900090001")
    # A coupon claimed on somebody's device with a number that no account has.
    coupons.add(
        coupon_id="cp-planted", claimed_by_phone="19900095000", claimed_device_id="d-crowd-0"
    )
    # The same with a follower who told that number; one of the two owners withdrew the consent that
    # the follower's number rests on.
    for number in range(2):
        quiet, phone = account(f"quiet-{number}"), f"1990009700{number}"
        profiles.add(platform="weibo", open_id=f"oid-quiet-{number}", phone=phone)
        coupons.add(
            coupon_id=f"cp-quiet-{number}",
            claimed_by_phone=phone,
            claimed_device_id=f"d-quiet-{number}",
        )
        purpose, action = "data_sharing", ("withdraw", "grant")[number]
        consents.add(
            consent_id=f"cn-quiet-{number}", customer_id=quiet, purpose=purpose, action=action
        )
    for table in (people, events, messages, profiles, coupons, merges, consents):
        table.write()


class _Table:
    """The rows to add to a landed table."""

    def __init__(self, folder: Path, emptied: str) -> None:
        self.folder = folder
        path = min(folder.iterdir())
        self.is_json = ".jsonl" in path.suffixes
        open_text = gzip.open if path.suffix == ".gz" else open
        with open_text(path, "rt", encoding="utf-8", newline="") as lines:
            self.template: Row = (
                json.loads(next(lines)) if self.is_json else next(csv.DictReader(lines))
            )
        self.template.update(dict.fromkeys(emptied.split(), ""))
        self.rows: list[Row] = []

    def add(self, **values: str) -> None:
        """One more row."""
        self.rows.append(self.template | values)

    def write(self) -> None:
        """The file, beside those delivered."""
        with (self.folder / "planted.csv").open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, list(self.template))
            writer.writeheader()
            writer.writerows(self.rows)
