"""Attribution over generated journeys, through the very SQL that fills the credit table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.contracts.reader import read_catalog
from include.warehouse import run_sql, seeds
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema

SQL_ROOT = Path(__file__).resolve().parents[2] / "sql"
MODELS = ("first", "last", "linear")
WINDOW = timedelta(days=90)
_START = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Deal:
    person: int
    hour: int
    revenue: Decimal | None


@dataclass(frozen=True)
class Touch:
    person: int
    hour: int


# coarse hours make touches of one instant, at the very win and at the window's edge, common
_hours = st.one_of(st.integers(0, 5), st.sampled_from([0, 90 * 24, 90 * 24 + 1, 91 * 24]))
_money = st.one_of(
    st.none(),
    st.decimals(min_value=-10_000, max_value=10_000_000, places=2, allow_nan=False),
    st.sampled_from([Decimal("0.01"), Decimal("0.00"), Decimal("100.00")]),
)
_deals = st.lists(st.builds(Deal, st.integers(0, 3), _hours, _money), min_size=1, max_size=8)
_touches = st.lists(st.builds(Touch, st.integers(0, 3), _hours), max_size=25)


class Journeys:
    """The credit table made anew from generated deals and touches."""

    def __init__(self, target: ClickHouseTarget) -> None:
        self.client = connect(target)
        catalog = read_catalog(SQL_ROOT)
        apply_schema(self.client, catalog)
        seeds.load(self.client, catalog, SQL_ROOT / "seeds")

    def credit(self, deals: list[Deal], touches: list[Touch], is_reversed: bool = False) -> list:
        for table in ("core_deal", "core_touch", "core_attribution_credit"):
            self.client.command(f"truncate table core.{table}")
        deal_rows = [
            [f"d{n:02}", f"p{deal.person}", "won", _at(deal.hour), deal.revenue]
            for n, deal in enumerate(deals)
        ]
        touch_rows = [
            [f"t{n:02}", f"p{touch.person}", _at(touch.hour), f"channel_{n % 3}"]
            for n, touch in enumerate(touches)
        ]
        if is_reversed:
            deal_rows.reverse()
            touch_rows.reverse()
        self.client.insert(
            "core.core_deal",
            deal_rows,
            column_names=["deal_key", "person_key", "status", "won_at", "revenue_amount"],
        )
        if touch_rows:
            self.client.insert(
                "core.core_touch",
                touch_rows,
                column_names=["touch_key", "person_key", "touched_at", "channel"],
            )
        run_sql.run(
            self.client,
            SQL_ROOT / "core" / "core_attribution_credit.sql",
            {},
            target="core.core_attribution_credit",
        )
        amounts = ", ".join(f"credit_share_{m}, revenue_{m}_amount" for m in MODELS)
        return self.client.query(
            f"select deal_key, touch_key, touched_at, won_at, {amounts}"
            " from core.core_attribution_credit order by deal_key, touch_key"
        ).result_rows


def _at(hour: int) -> datetime:
    return _START + timedelta(hours=hour)


@pytest.fixture(scope="module")
def journeys(own_target: ClickHouseTarget) -> Iterator[Journeys]:
    made = Journeys(own_target)
    yield made
    made.client.close()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deals=_deals, touches=_touches)
def test_credit_is_conserved_causal_and_blind_to_the_order_of_rows(
    journeys: Journeys, deals: list[Deal], touches: list[Touch]
) -> None:
    rows = journeys.credit(deals, touches)
    by_deal = defaultdict(list)
    for row in rows:
        by_deal[row[0]].append(row)
    assert set(by_deal) == {f"d{n:02}" for n in range(len(deals))}
    for n, deal in enumerate(deals):
        mine = by_deal[f"d{n:02}"]
        assert sum(1 for row in mine if row[1] == "") == 1, "one unattributed row per deal"
        for place in range(len(MODELS)):
            shares = [row[4 + 2 * place] for row in mine]
            money = [row[5 + 2 * place] for row in mine]
            assert sum(shares) == 1
            assert all(0 <= share <= 1 for share in shares)
            if deal.revenue is None:
                assert money == [None] * len(mine)
            else:
                assert sum(money) == deal.revenue
        for _, touch, touched_at, won_at, *_ in mine:
            if touch:
                assert won_at - WINDOW < touched_at <= won_at
        due = {
            f"t{m:02}"
            for m, touch in enumerate(touches)
            if touch.person == deal.person
            and _at(deal.hour) - WINDOW < _at(touch.hour) <= _at(deal.hour)
        }
        assert {row[1] for row in mine if row[1]} == due, "every touch in the window has a row"
        parts = [row[9] for row in mine if row[1] and row[9] is not None]
        assert not parts or max(parts) - min(parts) <= Decimal("0.01"), "linear parts are equal"
    assert journeys.credit(deals, touches, is_reversed=True) == rows
