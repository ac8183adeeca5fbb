"""The generated book: what it calls changed is exactly what differs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.sandbox.vendors.yandex_direct.generated_book import GeneratedBook

BOOK = GeneratedBook(seed=1)
START = datetime(2026, 9, 1, 6, tzinfo=UTC)
LOGIN = "demo-client"


def _by_campaign(day, as_of) -> dict[int, tuple[int, int, int]]:
    facts = BOOK.facts(LOGIN, day, as_of)
    campaigns = BOOK.campaigns(LOGIN)
    return {
        campaign.id: tuple(
            int(values[facts.campaign == index].sum())
            for values in (facts.clicks, facts.cost_micros, facts.sessions)
        )
        for index, campaign in enumerate(campaigns)
    }


@settings(max_examples=15, deadline=None)
@given(hours=st.integers(0, 24 * 60), span=st.integers(0, 24 * 6))
def test_every_difference_between_two_instants_is_announced_by_its_border_date(hours, span):
    since = START + timedelta(hours=hours)
    until = since + timedelta(hours=span)
    changed = BOOK.changed_since(LOGIN, since, until)
    first = since.date() - timedelta(days=64)
    for offset in range(64 + span // 24 + 2):
        day = first + timedelta(days=offset)
        before, after = _by_campaign(day, since), _by_campaign(day, until)
        for campaign, figures in after.items():
            if figures != before[campaign]:
                assert changed[campaign] <= day


def test_old_days_are_corrected_now_and_then():
    borders = [
        min(changed.values())
        for n in range(120)
        if (
            changed := BOOK.changed_since(
                LOGIN, START + timedelta(days=n), START + timedelta(days=n + 1)
            )
        )
        and min(changed.values()) < (START + timedelta(days=n - 4)).date()
    ]
    assert 2 <= len(borders) <= 30


def test_a_row_may_vanish_when_its_clicks_turn_out_invalid():
    vanished = 0
    for n in range(30):
        day = (START + timedelta(days=n)).date()
        early = BOOK.facts(LOGIN, day, START + timedelta(days=n + 1))
        late = BOOK.facts(LOGIN, day, START + timedelta(days=n + 4))
        vanished += len(set(early.spread) - set(late.spread))
    assert vanished > 0


def test_clicks_are_plausible_for_a_company_selling_pumps():
    facts = BOOK.facts(LOGIN, START.date(), START + timedelta(days=30))
    assert 80 < facts.clicks.sum() < 500
    assert np.all(facts.clicks <= facts.impressions)
    price = facts.cost_micros.sum() / facts.clicks.sum() / 1e6
    assert 20 < price < 120


@pytest.mark.parametrize("login", ["demo-client", "demo-second"])
def test_days_that_have_not_begun_have_no_rows(login):
    assert len(BOOK.facts(login, (START + timedelta(days=1)).date(), START).clicks) == 0
