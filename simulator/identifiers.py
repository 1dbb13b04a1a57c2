"""Personal identifiers that look real and belong to nobody.

Phones are eleven digits that begin with 1990 (1991 and so on in worlds of more than a million),
id cards carry a valid check digit, e-mail addresses end in `example.com`. They are kept as
numbers and become text only where they are written.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.catalogue import GIVEN, SURNAMES
from simulator.people import VISITORS_PER_USER, Accounts, People
from simulator.world import NEVER, Bools, Ints, Texts, World, decimal_texts, waking

SHARE_PHONE_CHANGED = 0.12
#: People who give the phone of a relative with an account of their own.
SHARE_FAMILY_PHONE = 0.01
SHARE_MEMBERS = 0.4
#: Second accounts with a membership number: those that carry the first account's.
SHARE_SAME_MEMBER = 0.5
#: Phone numbers of a block: those from the second figure on belong to people that never register.
PHONES_PER_BLOCK, STRANGERS_FROM = 90_000, 70_000
_FACTORS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECKS = "10X98765432"
_PROVINCES = (11, 31, 32, 33, 44, 42, 51, 61, 41, 12, 13, 21, 34, 35, 36, 37, 43, 45, 50, 52)


@dataclass(frozen=True)
class Identifiers:
    """Identifiers by account, as numbers; -1 is none. `phone_before` is the phone before a change.

    `platform_user` counts people and then visitors; `name` is a code of `names`.
    """

    phone: Ints
    phone_before: Ints
    phone_changed_at: Ints
    id_card: Ints
    email: Ints
    name: Ints
    gender: Texts
    birth: Ints
    member: Ints

    def phone_at(self, account: Ints, times: Ints) -> Ints:
        """Phone of each account at a time."""
        old = self.phone_changed_at[account] > times
        return np.where(old, self.phone_before[account], self.phone[account])


def phones(world: World, numbers: Ints) -> pa.Array:
    """Text column of phone numbers of a block."""
    return decimal_texts("", np.where(numbers < 0, -1, phone_number(world, 0) + numbers), 11)


def phone_number(world: World, number: int) -> int:
    """A phone of a block as it is dialled."""
    return 199_000_000_00 + world.block * PHONES_PER_BLOCK + number


def strangers(world: World, stream: str, size: int) -> Ints:
    """Phone numbers of people that never register."""
    return world.rng(stream).integers(STRANGERS_FROM, PHONES_PER_BLOCK, size)


def id_cards(stems: Ints) -> pa.Array:
    """Text column: 17 digits and the check digit (GB 11643)."""
    total = np.zeros(len(stems), np.int64)
    rest = np.maximum(stems, 0)
    for factor in _FACTORS[::-1]:
        rest, digit = np.divmod(rest, 10)
        total += digit * factor
    checks = pa.array(list(_CHECKS)).take(pa.array(total % 11))
    return pc.binary_join_element_wise(decimal_texts("", stems, 17), checks, "")


def emails(world: World, numbers: Ints) -> pa.Array:
    """Text column of e-mail addresses."""
    return pc.binary_join_element_wise(world.ids("m", numbers), "@example.com", "")


def member_numbers(world: World, numbers: Ints) -> pa.Array:
    """Text column of membership numbers."""
    return world.ids("MB", numbers)


def names(codes: Ints) -> pa.Array:
    """Text column of names."""
    length = len(GIVEN)
    parts = (
        (SURNAMES, codes // (length * length)),
        (GIVEN, codes // length % length),
        (GIVEN, codes % length),
    )
    columns = [pa.array(list(letters)).take(pa.array(place)) for letters, place in parts]
    return pc.binary_join_element_wise(*columns, "")


def platform_users(world: World, numbers: Ints) -> pa.Array:
    """Text column of the advertising platforms' user ids."""
    return world.ids("u", numbers)


def platform_user_count(world: World, people: People) -> int:
    """People and visitors of a block."""
    return people.count + round(world.users * VISITORS_PER_USER)


def make_identifiers(world: World, people: People, accounts: Accounts, buyers: Ints) -> Identifiers:
    """Identifiers of all accounts; people who order have shown an id card (`buyers`: persons)."""
    rng = world.rng("identifiers")
    size, count = len(accounts.person), people.count
    changed = rng.random(size) < SHARE_PHONE_CHANGED
    number = rng.choice(STRANGERS_FROM, 2 * size, replace=False)
    second = np.arange(size) >= count
    shares = second & accounts.same_phone
    phone = np.where(shares, number[accounts.person], number[:size])
    changed &= ~shares
    changed[accounts.person[shares]] = False
    relative, giver = _families(world, accounts, shares)
    phone[relative] = phone[giver]
    changed[relative] = False
    changed[giver] = False
    before = np.where(changed, number[size:], phone)
    birth = _births(rng, count)
    verified = (rng.random(count) < 0.7) | np.isin(np.arange(count), buyers)
    verified[accounts.person[second]] = True
    cards = np.where(verified, _id_cards(world, rng, birth), -1)
    female = rng.random(count) < 0.49
    gender = np.where(rng.random(count) < 0.03, "unknown", np.where(female, "female", "male"))
    mail = np.where(rng.random(count) < 0.4, np.arange(count), -1)
    return Identifiers(
        phone=phone,
        phone_before=before,
        phone_changed_at=_changes(world, rng, accounts, changed),
        id_card=np.where(shares, -1, cards[accounts.person]),
        email=np.where(second, -1, mail[accounts.person]),
        name=rng.integers(0, len(SURNAMES) * len(GIVEN) ** 2, count)[accounts.person],
        gender=gender.astype(object)[accounts.person],
        birth=birth[accounts.person],
        member=_members(world, accounts),
    )


def _families(world: World, accounts: Accounts, shares: Bools) -> tuple[Ints, Ints]:
    """Accounts that carry a relative's phone, and the account whose phone it is."""
    rng = world.rng("families")
    single = np.flatnonzero(accounts.second < 0)
    number = round(len(single) * SHARE_FAMILY_PHONE)
    pair = rng.choice(single, 2 * number, replace=False)
    return pair[:number], pair[number:]


def _changes(world: World, rng: np.random.Generator, accounts: Accounts, changed: Bools) -> Ints:
    low = np.maximum(accounts.registered_at, world.begin)
    room = np.maximum(np.minimum(accounts.deleted_at, world.end) - low, 1)
    at = low + (rng.random(len(low)) * room).astype(np.int64)
    at = np.clip(waking(at), low, low + room - 1)
    return np.where(changed, at, -NEVER).astype(np.int64)


def _members(world: World, accounts: Accounts) -> Ints:
    """Membership number of each account; two accounts of one person may carry one number."""
    rng = world.rng("member_numbers")
    size = len(accounts.person)
    number = np.where(rng.random(size) < SHARE_MEMBERS, np.arange(size), -1)
    second = np.flatnonzero((accounts.person != np.arange(size)) & (number >= 0))
    same = second[rng.random(len(second)) < SHARE_SAME_MEMBER]
    number[accounts.person[same]] = accounts.person[same]
    number[same] = accounts.person[same]
    return number


def _births(rng: np.random.Generator, size: int) -> Ints:
    """Days since 1970; about a third aged 18 to 24, more than a quarter 45 to 55."""
    low, high = np.array([18, 25, 35, 45, 56]), np.array([25, 35, 45, 56, 70])
    band = rng.choice(5, size, p=[0.30, 0.18, 0.17, 0.29, 0.06])
    age = low[band] + rng.random(size) * (high - low)[band]
    return np.asarray(19_000 - age * 365.25, dtype=np.int64)


def _id_cards(world: World, rng: np.random.Generator, birth: Ints) -> Ints:
    """17 digits: region (one a block), birth date, a number."""
    days = birth.astype("datetime64[D]")
    month = days.astype("datetime64[M]")
    year = days.astype("datetime64[Y]")
    date = (year.astype(np.int64) + 1970) * 10_000 + (month - year).astype(np.int64) * 100 + 100
    date += (days - month).astype(np.int64) + 1
    county, province = divmod(world.block, len(_PROVINCES))
    region = _PROVINCES[province] * 10_000 + 101 + county
    number = _distinct(birth, rng.integers(1, 1000, len(birth)))
    return np.asarray(region * 10**11 + date * 1000 + number, dtype=np.int64)


def _distinct(birth: Ints, number: Ints) -> Ints:
    """Numbers that differ among people born on one day (up to 1,000 of them)."""
    order = np.argsort(birth, kind="stable")
    same = np.r_[True, birth[order][1:] != birth[order][:-1]]
    first = np.maximum.accumulate(np.where(same, np.arange(len(birth)), 0))
    rank = np.arange(len(birth)) - first
    result = np.empty_like(number)
    result[order] = (number[order[first]] + rank) % 1000
    return result
