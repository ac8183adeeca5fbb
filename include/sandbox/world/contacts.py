"""Contacts: when a person who decided to ask does so, by what means, and who picks up.

A contact becomes an enquiry and a row of ``call``, ``form_request`` or ``chat``. A call that nobody
answered is repeated, called back or forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from include.sandbox.world.business_lines import CHANNELS, LINES
from include.sandbox.world.choices import Choices
from include.sandbox.world.incidents import make_incidents
from include.sandbox.world.journeys import Needs, Touches
from include.sandbox.world.population import Population
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.typed_names import Typed, type_about_oneself, type_spam, type_test

SECOND, MINUTE = 1_000_000, 60_000_000
MISSED_SHARE = 0.14
REPEATS_CALL, CALLED_BACK = 0.6, 0.27
ASKS_AGAIN_THERE, CALLS_AGAIN = 0.3, 0.12
SITE_KINDS, SITE_SHARES = ("call", "form", "chat"), (0.45, 0.38, 0.17)
KIND_OF_CHANNEL = {"exhibition": "exhibition", "outbound_call": "outbound_call"}
CLASSIFIED_CALL_SHARE = 0.75
NO_TOUCH = -1


@dataclass(frozen=True)
class Contact:
    """One attempt to get in touch; ``instant`` in microseconds of UTC."""

    journey_id: int
    person_id: int
    company_id: int
    line: int
    place: int
    kind: str
    channel: str
    instant: int
    touch: int
    """Row of Touches it grew out of, NO_TOUCH where there is none."""
    pool: str
    """site, avito, offline or outbound."""
    is_answered: bool
    manager_id: int
    quality: float
    will_buy: bool
    value_micros: int
    typed: Typed
    is_test: bool = False
    is_spam: bool = False
    is_callback: bool = False
    """A manager's call after a missed one: a row of ``call`` that is no enquiry."""


def make_contacts(
    seed: int,
    size: Size,
    population: Population,
    needs: Needs,
    touches: Touches,
    choices: Choices,
) -> list[Contact]:
    """Contacts of everybody who asks, of testers and of spammers, ordered by instant."""
    rng = make_rng(seed, "contacts")
    people, companies = population.people.to_pylist(), population.companies.to_pylist()
    found: list[Contact] = []
    back = find_return_touch(needs, touches)
    for need in np.flatnonzero(choices.asks).tolist():
        touch = int(choices.ask_touch[need])
        channel = CHANNELS[touches.channel[touch]]
        person = people[needs.person[need]]
        company_id = int(needs.company_id[need])
        company = companies[company_id - 1] if company_id else None
        kind = choose_kind(rng, channel)
        pool = "avito" if channel == "classified" and kind == "call" else "site"
        first = Contact(
            need + 1,
            int(person["person_id"]),
            company_id,
            int(needs.line[need]),
            int(needs.place[need]),
            kind,
            channel,
            int(touches.instant[touch]) + int(rng.integers(20, 90)) * 1_000_000,
            touch,
            {"exhibition": "offline", "outbound_call": "outbound"}.get(kind, pool),
            kind != "call" or bool(rng.random() >= MISSED_SHARE),
            draw_manager(rng, size, int(needs.line[need])),
            float(choices.quality[need]),
            bool(choices.will_buy[need]),
            int(needs.value_micros[need]),
            type_about_oneself(rng, size, kind, person, company),
        )
        found.extend(follow_missed(rng, size, first))
        again = come_again(rng, found[-1], touches, int(back[need]))
        if again is not None:
            typed = type_about_oneself(rng, size, again.kind, person, company)
            found.append(replace(again, typed=typed))
    found.extend(make_noise(rng, size, len(needs), len(found)))
    end = np.datetime64(size.ends_on, "us").astype(np.int64)
    kept = survive_dead_pools(rng, size, [one for one in found if one.instant < end])
    return sorted(kept, key=lambda one: (one.instant, one.journey_id))


def choose_kind(rng: np.random.Generator, channel: str) -> str:
    """How somebody whom the channel brought asks."""
    if channel in KIND_OF_CHANNEL:
        return KIND_OF_CHANNEL[channel]
    if channel == "classified":
        return "call" if rng.random() < CLASSIFIED_CALL_SHARE else "form"
    return SITE_KINDS[rng.choice(3, p=SITE_SHARES)]


def draw_manager(rng: np.random.Generator, size: Size, line: int) -> int:
    """Who is on duty; the first managers of a CRM take more."""
    count = size.managers_of(LINES[line].crm)
    return 1 + min(int(rng.random() ** 1.4 * count), count - 1)


def find_return_touch(needs: Needs, touches: Touches) -> np.ndarray:
    """The first visit of the span after the decision, by need; NO_TOUCH where nobody came back."""
    is_visit = touches.is_seen & (touches.local >= 0) & is_of_site(touches.channel)
    rows = np.flatnonzero(is_visit & (touches.local > needs.decided_local[touches.need]))
    found = np.full(len(needs), NO_TOUCH)
    found[touches.need[rows][::-1]] = rows[::-1]
    return found


def is_of_site(channel: np.ndarray) -> np.ndarray:
    """Whether touches of these channels are visits to the site."""
    return ~np.isin(channel, [CHANNELS.index(name) for name in KIND_OF_CHANNEL])


def follow_missed(rng: np.random.Generator, size: Size, first: Contact) -> Iterator[Contact]:
    """The contact and, if nobody picked up, a repeated call or a call back in the next hours."""
    yield first
    chance = rng.random()
    if first.is_answered or chance >= REPEATS_CALL + CALLED_BACK:
        return
    yield replace(
        first,
        instant=first.instant + int(rng.integers(4, 120)) * MINUTE,
        is_answered=bool(rng.random() < 0.85),
        manager_id=draw_manager(rng, size, first.line),
        is_callback=chance >= REPEATS_CALL,
    )


def come_again(
    rng: np.random.Generator, last: Contact, touches: Touches, back: int
) -> Contact | None:
    """Another enquiry days later: at the site of those who return to it (``back``), else a call."""
    again = replace(last, is_callback=False, is_answered=bool(rng.random() >= MISSED_SHARE))
    if back != NO_TOUCH and rng.random() < ASKS_AGAIN_THERE:
        kind = SITE_KINDS[rng.choice(3, p=(0.4, 0.35, 0.25))]
        instant = int(touches.instant[back]) + int(rng.integers(20, 90)) * SECOND
        if instant <= last.instant:
            return None
        return replace(
            again,
            kind=kind,
            channel=CHANNELS[touches.channel[back]],
            instant=instant,
            touch=back,
            pool="site",
            is_answered=again.is_answered or kind != "call",
        )
    if rng.random() < CALLS_AGAIN:
        instant = last.instant + int(rng.exponential(5.0) * 86_400) * SECOND + 10 * MINUTE
        return replace(again, kind="call", instant=instant, touch=NO_TOUCH, pool="offline")
    return None


def make_noise(
    rng: np.random.Generator, size: Size, first_journey: int, count: int
) -> Iterator[Contact]:
    """Test leads and spam, each a journey of its own behind all real ones, of nobody."""
    start = np.datetime64(size.starts_on, "us").astype(np.int64)
    tests, spams = int(count * size.test_share) + 1, int(count * size.spam_share) + 1
    for number in range(tests + spams):
        is_test = number < tests
        line = int(rng.choice(len(LINES), p=[one.share for one in LINES]))
        kind = "form" if is_test or rng.random() < 0.6 else "call"
        yield Contact(
            first_journey + 1 + number,
            0,
            0,
            line,
            0 if line < 2 else 6,
            kind,
            "direct",
            int(start)
            + int((rng.integers(size.days) + 0.3 + 0.4 * rng.random()) * 86_400) * SECOND,
            NO_TOUCH,
            "site",
            True,
            draw_manager(rng, size, line),
            0.02,
            False,
            0,
            type_test(rng) if is_test else type_spam(rng),
            is_test,
            not is_test,
        )


def survive_dead_pools(
    rng: np.random.Generator, size: Size, contacts: list[Contact]
) -> Iterator[Contact]:
    """While a pool's numbers are dead, its calls reach nobody; some people fill in a form."""
    dead = [one for one in make_incidents(size) if one.kind == "dead_pool"]
    for contact in contacts:
        day = date(1970, 1, 1) + timedelta(microseconds=contact.instant)
        is_lost = (
            contact.kind == "call"
            and contact.pool == "site"
            and any(
                LINES[contact.line].crm == one.crm and one.date_from <= day < one.date_to
                for one in dead
            )
        )
        if not is_lost:
            yield contact
        elif rng.random() < 0.4:
            yield replace(contact, kind="form", is_answered=True, is_callback=False)
