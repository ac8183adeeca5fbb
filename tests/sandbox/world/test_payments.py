"""How a won deal is paid for, whatever the luck."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from include.sandbox.world.business_lines import LINE_OF_CRM
from include.sandbox.world.payments import pay, vat_of
from include.sandbox.world.sizes import make_rng
from include.sandbox.world.working_time import WorkingTime

LINE = LINE_OF_CRM["bitrix24"]
WORK = WorkingTime(LINE, date(2025, 11, 1), date(2026, 3, 1))
WON_AT = datetime(2025, 12, 22, 12, tzinfo=UTC)
INVOICED_AT = WON_AT - timedelta(days=4)
AMOUNTS = (110_000, 1_230_000, 99_999_990_000, 123_456_780_000)


def play(amount: int, count: int = 400) -> list[list[tuple[datetime, int, int]]]:
    """Payments of so many deals of one amount, with their instants."""
    rng = make_rng(1, "luck")
    seconds = [int(at.timestamp()) for at in (INVOICED_AT, WON_AT)]
    deals = [pay(amount, *seconds, LINE, WORK, rng) for _ in range(count)]
    return [[(datetime.fromtimestamp(at, UTC), m, v) for at, m, v in deal] for deal in deals]


@pytest.mark.parametrize("amount", AMOUNTS)
def test_money_is_conserved_to_the_hundredth(amount: int) -> None:
    for payments in play(amount):
        received = sum(micros for _, micros, _ in payments if micros > 0)
        returned = -sum(micros for _, micros, _ in payments if micros < 0)
        assert 0 < received <= amount
        assert returned <= received
        assert all(micros % 10_000 == 0 and vat % 10_000 == 0 for _, micros, vat in payments)


def test_most_deals_are_paid_in_full_some_in_parts_and_a_few_never() -> None:
    deals = play(AMOUNTS[-1])
    received = [[micros for _, micros, _ in payments if micros > 0] for payments in deals]
    full = sum(sum(own) == AMOUNTS[-1] for own in received)
    assert 0.9 * len(deals) < full < len(deals)
    assert 0.2 * len(deals) < sum(len(own) == 2 for own in received) < 0.5 * len(deals)


def test_payments_are_in_order_and_none_comes_before_the_invoice() -> None:
    for payments in play(AMOUNTS[2]):
        instants = [at for at, _, _ in payments]
        assert instants == sorted(instants)
        assert instants[0] > INVOICED_AT


def test_a_refund_gives_back_the_vat_at_which_it_was_paid() -> None:
    seen = set()
    for payments in play(AMOUNTS[-1], 2000):
        _, back, back_vat = payments[-1]
        if back > 0:
            continue
        _, paid, paid_vat = payments[-2]
        assert back_vat == pytest.approx(paid_vat * back / paid, abs=10_000)
        seen.add(round(100 * back_vat / (back - back_vat)))
    assert seen == {20, 22}


@pytest.mark.parametrize(
    ("crm", "last_old"),
    [
        ("bitrix24", datetime(2025, 12, 31, 20, 59, 59, tzinfo=UTC)),
        ("amocrm", datetime(2025, 12, 31, 18, 59, 59, tzinfo=UTC)),
    ],
)
def test_vat_changes_at_midnight_of_the_new_year_where_the_seller_is(
    crm: str, last_old: datetime
) -> None:
    at = int(last_old.timestamp())
    assert vat_of(122_000_000, at, LINE_OF_CRM[crm]) == 20_330_000
    assert vat_of(122_000_000, at + 1, LINE_OF_CRM[crm]) == 22_000_000


def test_there_is_no_vat_abroad() -> None:
    assert vat_of(122_000_000, int(WON_AT.timestamp()), LINE_OF_CRM["hubspot"]) == 0
