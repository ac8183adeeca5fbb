"""What holds of every journey, whatever its touches: the real statements over generated ones.

Many conversions are generated at a time, so that each example is one run of the engine.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from include.attribution.channel_weights import weigh_channels
from include.attribution.shapley import ChannelSet, find_shapley_values
from include.warehouse.client import ClickHouseTarget
from tests.attribution.generated_rows import Statements
from tests.attribution_promises import MODELS

pytestmark = pytest.mark.engine

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CHANNELS = ("paid_search", "display", "email", "direct", "organic_search")
DAYS = (7, 14, 30, 60, 90, 180, 365)
TABLES = (
    "core_account_member", "core_journey", "core_channel_weight", "core_attribution_credit",
)  # fmt: skip
KOPECK = Decimal("0.01")
STAGES = ("lead", "qualified", "opportunity", "call")


@dataclass(frozen=True)
class Touch:
    """``minutes`` before the conversion, negative after it; ``who`` 0 converts, others are kin."""

    minutes: int
    channel: str
    who: int


@dataclass(frozen=True)
class Conversion:
    """One company's win; a refund of the same amount and a stage without money stand beside it."""

    touches: tuple[Touch, ...]
    kopecks: int | None
    lead_minutes: int
    opportunity_minutes: int | None


# Few instants, so that touches tie and stand on the borders of windows and sessions.
MINUTES = st.one_of(
    st.sampled_from([-1, 0, 1, 30, 31, *(days * 1440 for days in DAYS), 7 * 1440 - 1]),
    st.integers(-10, 400 * 1440),
)
TOUCHES = st.lists(
    st.builds(Touch, MINUTES, st.sampled_from(CHANNELS), st.sampled_from([0, 0, 0, 1, 2])),
    max_size=9,
).map(tuple)
CONVERSIONS = st.lists(
    st.builds(
        Conversion,
        TOUCHES,
        st.one_of(st.none(), st.integers(-500, 500), st.integers(-(10**17), 10**17)),
        st.integers(0, 500 * 1440),
        st.one_of(st.none(), MINUTES.filter(lambda minutes: minutes >= 0)),
    ),
    min_size=10,
    max_size=40,
)
Rows = dict[tuple[str, str], dict[str, list[Decimal]]]


class Engine:
    """Runs journeys, weights and credit over given conversions."""

    def __init__(self, target: ClickHouseTarget, sql_root: Path) -> None:
        self._statements = Statements(target, sql_root)
        self.client = self._statements.client

    def credit(self, conversions: Sequence[Conversion], shuffle: int = 0) -> Rows:
        """(conversion, touch) → column → one figure per window; the empty touch is nobody's."""
        given = _spell(conversions)
        for rows in given.values():
            random.Random(shuffle).shuffle(rows)
        self._statements.run(given, TABLES)
        columns = [f"{what}_{model}" for model in MODELS for what in ("shares", "amounts")]
        found = self.client.query(
            f"select conversion_key, touch_key, {', '.join(columns)}"
            " from core.core_attribution_credit"
        )
        return {
            (row[0], row[1]): dict(zip(columns, row[2:], strict=True)) for row in found.result_rows
        }


@pytest.fixture(scope="module")
def engine_of_credit(house_target: ClickHouseTarget, project_root: Path) -> Iterator[Engine]:
    engine = Engine(house_target, project_root / "sql")
    yield engine
    engine.client.close()


def _spell(conversions: Sequence[Conversion]) -> dict[str, list[dict]]:
    touches, converted, deals = [], [], []
    for number, conversion in enumerate(conversions):
        for kind, sign in (("won", 1), ("paid", -1), (_stage(number), 0)):
            amount = conversion.kopecks if sign else None
            converted.append(
                {
                    "conversion_key": f"{kind}:{number}",
                    "kind": kind,
                    "person_key": f"p{number}-0",
                    "converted_at": NOW,
                    "converted_date": NOW.date(),
                    "looks_back_from_at": NOW,
                    "lead_at": NOW - timedelta(minutes=conversion.lead_minutes),
                    "opportunity_at": None
                    if conversion.opportunity_minutes is None
                    else NOW - timedelta(minutes=conversion.opportunity_minutes),
                    "amount": None if amount is None else str(Decimal(sign * amount) * KOPECK),
                }
            )
        deals += [
            {"deal_key": f"d{number}-{who}", "person_key": f"p{number}-{who}",
             "company_key": f"c{number}", "created_at": NOW}
            for who in range(3)
        ]  # fmt: skip
        touches += [
            {
                "touch_key": _key(number, place),
                "person_key": f"p{number}-{touch.who}",
                "touched_at": NOW - timedelta(minutes=touch.minutes),
                "touch_date": NOW.date(),
                "channel": touch.channel,
            }
            for place, touch in enumerate(conversion.touches)
        ]
    return {"core_touch": touches, "core_conversion": converted, "core_deal": deals}


def _stage(number: int) -> str:
    return STAGES[number % len(STAGES)]


def _key(number: int, place: int) -> str:
    return f"t{number}-{place}"


# Shrinking would run the engine for minutes: a failing batch is shown as it is.
RUNS = settings(
    max_examples=3,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@RUNS
@given(CONVERSIONS)
def test_credit_is_conserved_causal_inside_its_window_and_undone_by_a_refund(
    engine_of_credit: Engine, conversions: list[Conversion]
) -> None:
    rows = engine_of_credit.credit(conversions)
    sums: defaultdict[str, defaultdict[str, list[Decimal]]] = defaultdict(
        lambda: defaultdict(lambda: [Decimal(0)] * 8)
    )
    for (conversion, touch), figures in rows.items():
        for column, values in figures.items():
            if values:
                sums[conversion][column] = [
                    a + b for a, b in zip(sums[conversion][column], values, strict=True)
                ]
        if touch:
            _require_in_window(conversions, touch, figures)
    for number, conversion in enumerate(conversions):
        for kind, sign in (("won", 1), ("paid", -1)):
            found = sums[f"{kind}:{number}"]
            for model in MODELS:
                assert found[f"shares_{model}"] == [1] * 8, model
                if conversion.kopecks is not None:
                    whole = Decimal(sign * conversion.kopecks) * KOPECK
                    assert found[f"amounts_{model}"] == [whole] * 8, model
        for model in MODELS:
            assert sums[f"{_stage(number)}:{number}"][f"shares_{model}"] == [1] * 8, model
    for (conversion, touch), figures in rows.items():
        kind, _, number = conversion.partition(":")
        if kind == "won":
            undone = rows[f"paid:{number}", touch]
            for model in MODELS:
                column = f"amounts_{model}"
                assert [-value for value in figures[column]] == undone[column], model
        if kind in STAGES:
            assert not any(figures[f"amounts_{model}"] for model in MODELS)


def _require_in_window(
    conversions: Sequence[Conversion], key: str, figures: dict[str, list[Decimal]]
) -> None:
    number, place = map(int, key[1:].split("-"))
    conversion = conversions[number]
    touch = conversion.touches[place]
    assert touch.minutes >= 0
    longest = [days * 1440 for days in DAYS]
    longest.append(90 * 1440 + max(conversion.lead_minutes, 0))
    for model in MODELS:
        for window, share in enumerate(figures[f"shares_{model}"]):
            if share:
                assert touch.minutes < longest[window], (model, window)
                assert touch.who == 0 or model == "account_weighted"


@RUNS
@given(CONVERSIONS, st.integers(1, 1000))
def test_the_order_of_rows_changes_nothing(
    engine_of_credit: Engine, conversions: list[Conversion], shuffle: int
) -> None:
    assert engine_of_credit.credit(conversions, shuffle) == engine_of_credit.credit(conversions)


@RUNS
@given(CONVERSIONS)
def test_linear_credit_is_within_a_kopeck_of_the_exact_share_and_ties_go_to_the_earliest(
    engine_of_credit: Engine, conversions: list[Conversion]
) -> None:
    # Without kin and sessions every touch inside the window has an equal part.
    apart = [
        replace(
            one,
            touches=tuple(
                replace(touch, who=0, minutes=40 * place) for place, touch in enumerate(one.touches)
            ),
        )
        for one in conversions
    ]
    rows = engine_of_credit.credit(apart)
    for number, one in enumerate(apart):
        if one.kopecks is None or not one.touches:
            continue
        count = len(one.touches)
        # The last of the list is the earliest touch.
        earliest_first = [
            int(rows[f"won:{number}", _key(number, place)]["amounts_linear"][0] * 100)
            for place in reversed(range(count))
        ]
        exact = Fraction(abs(one.kopecks), count)
        assert all(abs(abs(got) - exact) < 1 for got in earliest_first)
        assert earliest_first == sorted(earliest_first, key=abs, reverse=True)


SETS = st.lists(
    st.tuples(
        st.sets(st.integers(0, 3), min_size=1),
        st.integers(0, 20),
        st.integers(0, 20),
    ),
    min_size=1,
    max_size=12,
)


@given(SETS)
def test_a_channel_without_effect_changes_no_shapley_value(
    sets: list[tuple[set[int], int, int]],
) -> None:
    def play(with_channel: bool) -> list[float]:
        journeys = [
            ChannelSet(tuple(sorted(names)), converted, 0.0, converted + failed)
            for names, converted, failed in sets
        ]
        if with_channel:
            # Every journey happened as often with the channel on its way, and ended alike.
            journeys += [replace(one, channels=(*one.channels, 4)) for one in journeys]
        return [float(value) for value in find_shapley_values(journeys, 5).values[:, 0]]

    without, beside = play(False), play(True)
    assert beside == pytest.approx(without, abs=1e-12)
    assert beside[4] == pytest.approx(0.0, abs=1e-12)


def test_weights_do_not_depend_on_the_order_of_the_matrix() -> None:
    parts = [
        ("step", "d7", ["", "", "a"], 3.0, 0.0, NOW),
        ("step", "d7", ["", "a", "b"], 1.0, 0.0, NOW),
        ("step", "d7", ["", "a", ""], 2.0, 1.0, NOW),
        ("step", "d7", ["a", "b", ""], 1.0, 1.0, NOW),
        ("set", "d7", ["a"], 2.0, 1.0, NOW),
        ("set", "d7", ["a", "b"], 1.0, 1.0, NOW),
    ]
    assert weigh_channels(parts) == weigh_channels(parts[::-1])
    assert {model for model, *_ in weigh_channels(parts)} == {"markov_1", "markov_2", "shapley"}
