"""A refund takes back what is open of the payments before it: nothing twice, nothing lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from include.warehouse.client import ClickHouseTarget
from tests.attribution.generated_rows import Statements

pytestmark = pytest.mark.engine

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
PAYMENTS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from([None, *range(12)]),
        st.sampled_from(["RUB", "USD"]),
        st.one_of(st.sampled_from([-10_000, -1, 1, 10_000]), st.integers(-(10**15), 10**15)),
    ),
    min_size=60,
    max_size=120,
)
"""Day, deal, currency, kopecks; few days and deals, so that they meet."""
Payment = tuple[int, int | None, str, int]
Parts = dict[str, list[tuple[datetime, int]]]


def _convert(statements: Statements, payments: Sequence[Payment]) -> Parts:
    """Payment → the instants it looks back from, each with its kopecks."""
    given = [
        {
            "payment_key": f"k{number:03}",
            "deal_key": None if deal is None else f"d{deal}",
            "paid_at": BEGUN + timedelta(days=day),
            "currency_code": currency,
            "amount": str(Decimal(kopecks).scaleb(-2)),
        }
        for number, (day, deal, currency, kopecks) in enumerate(payments)
    ]
    statements.run({"core_payment": given}, ["core_conversion"])
    found: Parts = defaultdict(list)
    for key, instant, kopecks in statements.client.query(
        "select conversion_key, looks_back_from_at, toInt64(amount * 100)"
        " from core.core_conversion where kind = 'paid'"
    ).result_rows:
        found[key.split(":")[1]].append((instant, kopecks))
    return found


@pytest.fixture(scope="module")
def statements(house_target: ClickHouseTarget, project_root: Path) -> Iterator[Statements]:
    """One engine for every example."""
    made = Statements(house_target, project_root / "sql")
    yield made
    made.client.close()


@settings(
    max_examples=5,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(PAYMENTS)
def test_refunds_take_back_the_newest_open_payments_and_no_kopeck_twice(
    statements: Statements, payments: list[Payment]
) -> None:
    found = _convert(statements, payments)
    for number, (*_, kopecks) in enumerate(payments):
        assert sum(part for _, part in found[f"k{number:03}"]) == kopecks
    expected = _settle(payments)
    assert {key: sorted(parts) for key, parts in found.items()} == expected


def _settle(payments: Sequence[Payment]) -> Parts:
    """The rule in plain words: a stack of open payments for each deal and currency."""
    parts: Parts = defaultdict(list)
    stacks: defaultdict[tuple[object, str], list[list]] = defaultdict(list)
    # At one instant money comes before it goes back.
    order = sorted((day, kopecks < 0, number) for number, (day, *_, kopecks) in enumerate(payments))
    for *_, number in order:
        day, deal, currency, kopecks = payments[number]
        key, instant = f"k{number:03}", BEGUN + timedelta(days=day)
        stack = stacks[key if deal is None else deal, currency]
        if kopecks >= 0:
            stack.append([instant, kopecks])
            parts[key].append((instant, kopecks))
        elif not stack:
            parts[key].append((instant, kopecks))
        else:
            left = -kopecks
            taken = []
            for payment in reversed(stack):
                taken.append([payment[0], min(payment[1], left)])
                payment[1] -= taken[-1][1]
                left -= taken[-1][1]
            taken[0][1] += left
            parts[key] += [(at, -part) for at, part in taken if part]
    return {key: sorted(of_payment) for key, of_payment in parts.items()}
