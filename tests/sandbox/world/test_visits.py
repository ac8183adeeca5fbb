"""Visits in time: local hours, clock changes, midnights; cookies in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from include.sandbox.world.calendar import PLACES, ZONES, find_place_offsets, to_instants
from include.sandbox.world.devices import choose_browsers, ga_ids, metrica_ids
from include.sandbox.world.sizes import SIZES
from include.sandbox.world.visits import Hits, cut_at_midnight, find_midnights

SPRING = replace(SIZES["small"], starts_on=date(2026, 3, 1), ends_on=date(2026, 4, 1))
MICROS_A_DAY = 86_400_000_000


@pytest.mark.parametrize("place", ["Москва", "New York", "Phoenix", "Seattle"])
@pytest.mark.parametrize("day", [6, 7, 8, 27, 28, 30])
def test_ten_in_the_morning_is_ten_by_the_wall_clock_before_and_after_a_clock_change(
    place: str, day: int
) -> None:
    code = PLACES.index(place)
    offsets = find_place_offsets(SPRING)
    instant = to_instants(SPRING, np.array([day + 10 / 24]), np.array([code]), offsets)[0]
    shown = datetime.fromtimestamp(instant / 1e6, ZoneInfo(ZONES[place]))
    assert (shown.month, shown.day, shown.hour, shown.minute) == (3, day + 1, 10, 0)


def make_hit(line: int, place: str, local: float, seconds: int) -> Hits:
    """One visit of a person."""
    code = np.array([PLACES.index(place)])
    instant = to_instants(SPRING, np.array([local]), code, find_place_offsets(SPRING))
    one, none = np.array([1]), np.array([0])
    return Hits(
        none,
        one,
        one,
        none,
        np.array([line]),
        code,
        np.array([local]),
        instant,
        np.array([seconds]),
    )


def test_a_visit_over_the_midnight_of_its_site_is_cut_in_two() -> None:
    hit = make_hit(0, "Москва", 5 + 23.9 / 24, 900)
    rows, is_second = cut_at_midnight(SPRING, hit)
    assert rows.tolist() == [0, 0]
    assert is_second.tolist() == [False, True]
    midnight = datetime(2026, 3, 7, tzinfo=ZoneInfo("Europe/Moscow")).timestamp()
    assert find_midnights(SPRING, hit)[0] == midnight * 1e6


def test_the_midnight_that_cuts_is_of_the_site_and_not_of_the_visitor() -> None:
    assert len(cut_at_midnight(SPRING, make_hit(0, "Новосибирск", 5 + 23.9 / 24, 900))[0]) == 1
    assert len(cut_at_midnight(SPRING, make_hit(0, "Новосибирск", 5 + 3.9 / 24, 900))[0]) == 2


def browse(seed: int, visitor: int, family: int, hours: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Metrica's client ids of many visits of one person."""
    count = len(hours)
    local = days + hours / 24
    browsers = choose_browsers(
        np.random.default_rng(seed),
        SPRING,
        1,
        np.full(count, visitor),
        np.full(count, family),
        np.full(count, 9),
        local,
        ((20_000 + local) * MICROS_A_DAY).astype(np.int64),
        np.zeros(count, np.int64),
    )
    return metrica_ids(browsers, np.ones(count, bool))


def test_a_person_is_seen_by_a_few_cookies_at_a_time() -> None:
    ids = browse(1, 5, 5, np.full(300, 11.0), np.full(300, 3.0))
    assert 2 <= len(set(ids.tolist())) <= 3


def test_cookies_are_replaced_as_months_go_by() -> None:
    early = browse(1, 5, 5, np.full(300, 11.0), np.full(300, 3.0))
    late = browse(1, 5, 5, np.full(300, 11.0), np.full(300, 300.0))
    assert not set(early.tolist()) & set(late.tolist())


def test_relatives_share_the_home_computer_alone() -> None:
    evening, day = np.full(300, 21.0), np.full(300, 3.0)
    ones, others = browse(1, 5, 5, evening, day), browse(2, 6, 5, evening, day)
    assert len(set(ones.tolist()) & set(others.tolist())) == 1


def test_client_ids_begin_or_end_with_a_second_before_the_visit() -> None:
    count = 50
    local = np.linspace(1, 20, count)
    instant = ((20_000 + local) * MICROS_A_DAY).astype(np.int64)
    people = np.arange(count)
    browsers = choose_browsers(
        np.random.default_rng(1), SPRING, 1, people, people, people, local, instant, people % 3
    )
    seen = np.ones(count, bool)
    assert (metrica_ids(browsers, seen) // 10**9 <= instant // 10**6).all()
    for text, at in zip(ga_ids(browsers, seen).to_pylist(), instant, strict=True):
        head, _, tail = text.partition(".")
        assert head.isdigit()
        assert int(tail) <= at // 10**6
