"""Personal identifiers that look real and belong to nobody.

Phones use 199-00 to 199-09, id cards one region and a valid check digit, e-mail `example.com`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.catalogue import GIVEN, SURNAMES
from simulator.people import VISITORS_PER_USER, Accounts, People
from simulator.world import NEVER, Bools, Ints, Texts, World, only, waking

SHARE_PHONE_CHANGED = 0.12
#: Phone numbers from here on belong to people that never register.
STRANGERS_FROM = 9_000_000
_FACTORS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECKS = "10X98765432"


@dataclass(frozen=True)
class Identifiers:
    """Identifiers by account; `phone_before` is empty where the phone never changed."""

    phone: Texts
    phone_before: Texts
    phone_changed_at: Ints
    id_card: Texts
    email: Texts
    name: Texts
    gender: Texts
    birth: Ints
    platform_user: Texts

    def phone_at(self, account: Ints, times: Ints) -> Texts:
        """Phone of each account at a time."""
        old = self.phone_changed_at[account] > times
        return np.where(old, self.phone_before[account], self.phone[account])


def make_identifiers(world: World, people: People, accounts: Accounts, buyers: Ints) -> Identifiers:
    """Identifiers of all accounts; people who order have shown an id card (`buyers`: persons)."""
    rng = world.rng("identifiers")
    size, count = len(accounts.person), people.count
    changed = rng.random(size) < SHARE_PHONE_CHANGED
    number = rng.choice(STRANGERS_FROM, 2 * size, replace=False)
    phone = np.array([f"1990{value:07d}" for value in number[:size].tolist()], dtype=object)
    second = np.arange(size) >= count
    shares = second & accounts.same_phone
    changed &= ~shares
    changed[accounts.person[shares]] = False
    phone = np.where(shares, phone[accounts.person], phone)
    old = [f"1990{value:07d}" for value in number[size:].tolist()]
    before = np.where(changed, np.array(old, dtype=object), phone)
    birth = _births(rng, count)
    verified = (rng.random(count) < 0.7) | np.isin(np.arange(count), buyers)
    verified[accounts.person[second]] = True
    cards = only(verified, _id_cards(rng, birth))
    female = rng.random(count) < 0.49
    gender = np.where(rng.random(count) < 0.03, "unknown", np.where(female, "female", "male"))
    mail = only(rng.random(count) < 0.4, world.ids("m", np.arange(count)) + "@example.com")
    return Identifiers(
        phone=phone,
        phone_before=before,
        phone_changed_at=_changes(world, rng, accounts, changed),
        id_card=only(~shares, cards[accounts.person]),
        email=only(~second, mail[accounts.person]),
        name=_names(rng, count)[accounts.person],
        gender=gender.astype(object)[accounts.person],
        birth=birth[accounts.person],
        platform_user=world.ids("u", np.arange(count + round(world.users * VISITORS_PER_USER))),
    )


def _changes(world: World, rng: np.random.Generator, accounts: Accounts, changed: Bools) -> Ints:
    low = np.maximum(accounts.registered_at, world.begin)
    room = np.maximum(np.minimum(accounts.deleted_at, world.end) - low, 1)
    at = low + (rng.random(len(low)) * room).astype(np.int64)
    at = np.clip(waking(at), low, low + room - 1)
    return np.where(changed, at, -NEVER).astype(np.int64)


def _births(rng: np.random.Generator, size: int) -> Ints:
    """Days since 1970; about a third aged 18 to 24, more than a quarter 45 to 55."""
    low, high = np.array([18, 25, 35, 45, 56]), np.array([25, 35, 45, 56, 70])
    band = rng.choice(5, size, p=[0.30, 0.18, 0.17, 0.29, 0.06])
    age = low[band] + rng.random(size) * (high - low)[band]
    return np.asarray(19_000 - age * 365.25, dtype=np.int64)


def _id_cards(rng: np.random.Generator, birth: Ints) -> Texts:
    """18 characters: region, birth date, a number, and the check digit (GB 11643)."""
    days = birth.astype("datetime64[D]").astype(str)
    number = rng.integers(1, 1000, len(birth))
    stem = [
        "110101" + day.replace("-", "") + f"{value:03d}"
        for day, value in zip(days.tolist(), _distinct(birth, number).tolist(), strict=True)
    ]
    digits = np.array([list(text) for text in stem]).astype(np.int64)
    check = (digits * _FACTORS).sum(axis=1) % 11
    return np.array([s + _CHECKS[c] for s, c in zip(stem, check, strict=True)], dtype=object)


def _distinct(birth: Ints, number: Ints) -> Ints:
    """Numbers that differ among people born on one day (up to 1,000 of them)."""
    order = np.argsort(birth, kind="stable")
    same = np.r_[True, birth[order][1:] != birth[order][:-1]]
    first = np.maximum.accumulate(np.where(same, np.arange(len(birth)), 0))
    rank = np.arange(len(birth)) - first
    result = np.empty_like(number)
    result[order] = (number[order[first]] + rank) % 1000
    return result


def _names(rng: np.random.Generator, size: int) -> Texts:
    surname = rng.integers(0, len(SURNAMES), size)
    given = rng.integers(0, len(GIVEN), (size, 2))
    return np.array(
        [SURNAMES[s] + GIVEN[a] + GIVEN[b] for s, (a, b) in zip(surname, given, strict=True)],
        dtype=object,
    )
