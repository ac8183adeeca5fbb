"""Bills that no vendor reports, and the plan."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from include.sandbox.world.advertising import make_ad_catalogue
from include.sandbox.world.business_lines import LINE_OF_CRM, LINES
from include.sandbox.world.channels import Spend, make_spend
from include.sandbox.world.finance import AGENCY_SHARE, make_finance
from include.sandbox.world.sizes import Size
from include.sandbox.world.tables import TABLES

SIZE = Size("half-year", date(2025, 10, 10), date(2026, 4, 5), 100, 800, 40_000)
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def spend() -> Spend:
    """What is spent."""
    return make_spend(1, SIZE)


@pytest.fixture(scope="module")
def bills(spend: Spend) -> Rows:
    """The ``offline_cost`` rows."""
    return make_finance(1, SIZE, spend, make_ad_catalogue(1, SIZE))["offline_cost"].to_pylist()


def net(row: dict[str, Any]) -> float:
    """A bill without the VAT of its day."""
    percent = 22 if row["cost_date"].year >= 2026 else 20
    return row["amount_micros"] / (1 + percent / 100 * row["is_vat_included"])


def spent(spend: Spend, currency: str, channels: tuple[str, ...]) -> int:
    """Spend of the lines with that currency."""
    crms = [line.crm for line in LINES if line.currency_code == currency]
    return sum(int(spend.micros[crm, channel].sum()) for crm in crms for channel in channels)


@pytest.mark.parametrize("channel", ["exhibition", "email", "outbound_call"])
@pytest.mark.parametrize("currency", ["RUB", "USD"])
def test_bills_without_vat_add_up_to_what_was_spent(
    bills: Rows, spend: Spend, channel: str, currency: str
) -> None:
    own = [r for r in bills if r["channel"] == channel and r["currency_code"] == currency]
    total = sum(net(row) for row in own)
    assert own
    assert total == pytest.approx(spent(spend, currency, (channel,)), abs=10_000 * len(own))


def test_the_agency_takes_its_part_of_what_is_spent_with_vendors(bills: Rows, spend: Spend) -> None:
    fees = [row for row in bills if row["channel"] == "agency_fee"]
    bought = ("paid_search", "display", "paid_social", "classified")
    expected = AGENCY_SHARE * spent(spend, "RUB", bought)
    assert sum(net(row) for row in fees) == pytest.approx(expected, abs=10_000 * len(fees))
    assert {row["currency_code"] for row in fees} == {"RUB"}


def test_vat_is_included_in_russian_bills_but_not_in_wages_or_abroad(bills: Rows) -> None:
    for row in bills:
        is_wage = row["channel"] == "outbound_call"
        assert row["is_vat_included"] == (row["currency_code"] == "RUB" and not is_wage)


def test_an_exhibition_is_one_bill_on_its_first_day(bills: Rows, spend: Spend) -> None:
    own = [r for r in bills if r["channel"] == "exhibition" and r["currency_code"] == "RUB"]
    days = Counter(row["cost_date"] for row in own)
    daily = spend.micros["bitrix24", "exhibition"].sum(axis=1) > 0
    starts = int(daily[0]) + sum(bool(b) and not a for a, b in pairwise(daily))
    assert len(days) == starts
    assert set(days.values()) == {2}


def test_bills_are_dated_within_the_span_and_in_order(bills: Rows) -> None:
    days = [row["cost_date"] for row in bills]
    assert days == sorted(days)
    assert SIZE.starts_on <= days[0] and days[-1] < SIZE.ends_on
    names = {row["name"] for row in bills if row["channel"] == "email"}
    assert len(names) == len(LINE_OF_CRM)


def test_every_month_channel_and_currency_has_one_plan(spend: Spend) -> None:
    tables = make_finance(1, SIZE, spend, make_ad_catalogue(1, SIZE))
    plan = tables["plan_budget"].to_pylist()
    keys = Counter((row["month"], row["channel"], row["currency_code"]) for row in plan)
    assert set(keys.values()) == {1}
    assert {row["month"] for row in plan} == {
        *(date(2025, month, 1) for month in (10, 11, 12)),
        *(date(2026, month, 1) for month in (1, 2, 3, 4)),
    }
    assert all(row["amount_micros"] > 0 for row in plan)
    assert ("classified", "USD") not in {(r["channel"], r["currency_code"]) for r in plan}
    assert all(tables[name].schema.equals(TABLES[name]) for name in tables)


def test_the_plan_is_near_what_is_really_spent(spend: Spend) -> None:
    plan = make_finance(1, SIZE, spend, make_ad_catalogue(1, SIZE))["plan_budget"].to_pylist()
    planned = sum(r["amount_micros"] for r in plan if r["channel"] == "paid_search")
    actual = spent(spend, "RUB", ("paid_search",)) + spent(spend, "USD", ("paid_search",))
    assert planned == pytest.approx(actual, rel=0.3)
