"""Messages sent to customers, and the tickets they open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.campaigns import FIRST_PRIVATE, Campaigns
from simulator.catalogue import CREDIT
from simulator.orders import Orders
from simulator.people import Accounts, Consents, People
from simulator.winback import Winback
from simulator.world import (
    DAY,
    MONTH,
    NEVER,
    Bools,
    Floats,
    Ints,
    World,
    pick,
    poisson_times,
    waking,
)

CHANNELS = ("push", "sms", "email", "wecom", "in_app")
_CHANNEL_WEIGHTS = [0.48, 0.22, 0.06, 0.08, 0.16]
PER_MONTH = 4.1
DUPLICATES = 0.12
WITHOUT_CONSENT_PER_MONTH = 0.2
#: Per active user; complaints rise by years since the start as the level below says.
COMPLAINTS_PER_MONTH, INQUIRIES_PER_MONTH = 0.010, 0.030
_COMPLAINT_LEVEL = ([0.9, 1.1, 2.2, 3.0], [0.9, 1.38, 1.4, 0.84])
TOPICS = (
    "promise_mismatch",
    "fees",
    "collection",
    "app_fault",
    "repayment_plan_change",
    "account",
    "product_question",
)
#: Shares of the first four topics among complaints, by year.
_COMPLAINTS = np.array(
    [[0.30, 0.28, 0.22, 0.20], [0.43, 0.21, 0.19, 0.17], [0.33, 0.26, 0.20, 0.21]]
)
_SEVERITIES = [0.6, 0.32, 0.08]


@dataclass(frozen=True)
class Messages:
    """Messages by time sent; `campaign` is -1 for service messages."""

    account: Ints
    campaign: Ints
    channel: Ints
    is_marketing: Bools
    sent_at: Ints
    delivered_at: Ints
    opened_at: Ints
    clicked_at: Ints
    by_phone: Bools


def make_messages(
    world: World,
    people: People,
    accounts: Accounts,
    consents: Consents,
    campaigns: Campaigns,
    orders: Orders,
    winback: Winback,
) -> Messages:
    """Marketing to those who consented (and a few who did not), and a note after each order."""
    rng = world.rng("messages")
    account, sent, campaign, channel = _marketing(world, rng, accounts, consents, campaigns)
    size = orders.count
    noted = np.minimum(orders.at + 30, world.end - 1)
    asked = np.flatnonzero(winback.treated)
    account = np.concatenate([account, orders.account, winback.person[asked]])
    sent = np.concatenate([sent, noted, winback.at[asked]])
    again = campaigns.winback(winback.quarter[asked])
    campaign = np.concatenate([campaign, np.full(size, -1), again])
    channel = np.concatenate([channel, pick(rng, [0.5, 0.5], size), np.ones(len(asked), np.int64)])
    keep = np.flatnonzero(sent < np.minimum(accounts.deleted_at[account], world.end))
    order = keep[np.lexsort((channel[keep], campaign[keep], account[keep], sent[keep]))]
    account, sent, campaign, channel = (a[order] for a in (account, sent, campaign, channel))
    marketing = campaign >= 0
    active = sent < people.churned_at[accounts.person[account]]
    opens = np.where(marketing, np.where(active, 0.039, 0.008), np.where(active, 0.35, 0.2))
    delivered, opened, clicked = _reactions(world, rng, sent, opens, people, accounts, account)
    by_phone = (channel == 1) & (rng.random(len(sent)) < 0.5)
    return Messages(
        account, campaign, channel, marketing, sent, delivered, opened, clicked, by_phone
    )


def _marketing(
    world: World,
    rng: np.random.Generator,
    accounts: Accounts,
    consents: Consents,
    campaigns: Campaigns,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Account, time, campaign and channel of every marketing message."""
    begin = np.maximum(accounts.registered_at + 3600, world.begin)
    end = np.minimum(accounts.deleted_at, world.end)
    granted = np.maximum(begin, consents.marketing_from)
    withdrawn = np.minimum(end, consents.marketing_to)
    rate = PER_MONTH / MONTH
    account, sent = poisson_times(rng, np.minimum(granted, end), withdrawn, rate)
    without = np.where(consents.marketing_from == NEVER, begin, np.minimum(withdrawn, end))
    stray, stray_at = poisson_times(rng, without, end, WITHOUT_CONSENT_PER_MONTH / MONTH)
    account, sent = np.concatenate([account, stray]), np.concatenate([sent, stray_at])
    placement = FIRST_PRIVATE + rng.integers(0, 3, len(sent))
    campaign = campaigns.running(placement, np.where(rng.random(len(sent)) < 0.6, 2, 1), sent)
    channel = pick(rng, _CHANNEL_WEIGHTS, len(sent))
    again = np.flatnonzero(rng.random(len(sent)) < DUPLICATES)
    repeat = waking(sent[again] + rng.integers(3600, 6 * DAY, len(again)))
    valid = (repeat < withdrawn[account[again]]) & (repeat > sent[again])
    again, repeat = again[valid], repeat[valid]
    other = (channel[again] + rng.integers(1, len(CHANNELS), len(again))) % len(CHANNELS)
    return (
        np.concatenate([account, account[again]]),
        np.concatenate([sent, repeat]),
        np.concatenate([campaign, campaign[again]]),
        np.concatenate([channel, other]),
    )


def _reactions(
    world: World,
    rng: np.random.Generator,
    sent: Ints,
    opens: Floats,
    people: People,
    accounts: Accounts,
    account: Ints,
) -> tuple[Ints, Ints, Ints]:
    """When each message was delivered, opened and clicked (NEVER where it was not)."""
    size = len(sent)
    delivered = sent + rng.integers(1, 40, size)
    reached = (rng.random(size) < 0.97) & (delivered < world.end)
    opened = delivered + 20 + rng.exponential(5 * 3600, size).astype(np.int64)
    seen = reached & (rng.random(size) < opens) & (opened < world.end)
    clicked = opened + rng.integers(3, 120, size)
    went = seen & (rng.random(size) < 0.3) & (clicked < world.end)
    went &= clicked < people.churned_at[accounts.person[account]]
    return (
        np.where(reached, delivered, NEVER),
        np.where(seen, opened, NEVER),
        np.where(went, clicked, NEVER),
    )


@dataclass(frozen=True)
class Tickets:
    """Tickets by time opened; `order` is the order it is about or -1."""

    account: Ints
    opened_at: Ints
    first_reply_at: Ints
    resolved_at: Ints
    is_complaint: Bools
    topic: Ints
    severity: Ints
    order: Ints
    solvable: Bools
    reopened: Ints


def make_tickets(world: World, people: People, accounts: Accounts, orders: Orders) -> Tickets:
    """Complaints (a third more in the second year) and inquiries."""
    rng = world.rng("tickets")
    begin = np.maximum(people.registered_at + 3600, world.begin)
    last = np.minimum(people.churned_at, world.end)
    complainer, complained = poisson_times(rng, begin, last, COMPLAINTS_PER_MONTH * 1.4 / MONTH)
    years = world.years(complained)
    kept = rng.random(len(complained)) < np.interp(years, *_COMPLAINT_LEVEL) / 1.4
    asker, asked = poisson_times(rng, begin, last, INQUIRIES_PER_MONTH / MONTH)
    person = np.concatenate([complainer[kept], asker])
    opened = np.concatenate([complained[kept], asked])
    complaint = np.arange(len(person)) < kept.sum()
    order = np.lexsort((person, opened))
    person, opened, complaint = person[order], opened[order], complaint[order]
    topic = _topics(world, rng, opened, complaint)
    reply = opened + (rng.lognormal(8.6, 1.1, len(opened))).astype(np.int64) + 60
    resolved = np.maximum(
        opened + (rng.lognormal(1.16, 0.72, len(opened)) * DAY).astype(np.int64), reply + 300
    )
    return Tickets(
        account=accounts.at(rng, person, opened),
        opened_at=opened,
        first_reply_at=np.where(reply < world.end, reply, NEVER),
        resolved_at=np.where(resolved < world.end, resolved, NEVER),
        is_complaint=complaint,
        topic=topic,
        severity=pick(rng, _SEVERITIES, len(opened)),
        order=_orders(orders, person, opened),
        solvable=rng.random(len(opened)) < np.where(topic == 4, 0.12, 0.8),
        reopened=rng.poisson(0.08, len(opened)),
    )


def _topics(world: World, rng: np.random.Generator, opened: Ints, complaint: Bools) -> Ints:
    year = np.clip(world.years(opened).astype(np.int64), 0, 2)
    draw = rng.random(len(opened))
    complained = (np.cumsum(_COMPLAINTS, axis=1)[year] < draw[:, None]).sum(axis=1)
    plan = np.interp(world.years(opened), [0, 2.5], [0.12, 0.5])
    asked = np.where(draw < plan, 4, np.where(draw < plan + (1 - plan) * 0.4, 5, 6))
    return np.where(complaint, np.minimum(complained, 3), asked)


def _orders(orders: Orders, person: Ints, opened: Ints) -> Ints:
    """The person's latest loan before the ticket, or -1."""
    loans = np.flatnonzero(orders.line == CREDIT)
    if not len(loans):
        return np.full(len(person), -1, dtype=np.int64)
    span = np.int64(2**40)
    key = orders.person[loans] * span + orders.at[loans]
    rank = np.argsort(key, kind="stable")
    place = np.searchsorted(key[rank], person * span + opened) - 1
    found = loans[rank[np.maximum(place, 0)]]
    return np.where((place >= 0) & (orders.person[found] == person), found, -1)
