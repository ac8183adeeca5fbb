"""A touch log of anyone's: whose touch counts for which conversion, and when it is too late."""

from __future__ import annotations

import math
import random
import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.terminal.attribution import Credit, round_to_doubles
from tests.attribution.foreign_file import LOG, conversions_of, credit_rows, exact_sum, is_conserved

pytestmark = pytest.mark.engine
Row = tuple[str, str, str, int, str]


def test_a_touch_after_the_conversion_earns_nothing(engine_client: Client, tmp_path: Path) -> None:
    rows = [
        ("u", "2026-03-02", "late", 0, ""),
        ("u", "2026-03-01", "buy", 1, 5),
        ("u", "2026-02-01", "early", 0, ""),
    ]
    result = credit_rows(engine_client, tmp_path, LOG, rows)
    assert conversions_of(result["linear"]) == {"early": 0.5, "buy": 0.5}
    assert result["linear"]["late"] == {"conversions": 0.0, "value": 0.0}
    assert result["markov_order1"]["late"] == {"conversions": 0.0, "value": 0.0}


def test_touches_of_one_instant_keep_the_order_of_the_file(
    engine_client: Client, tmp_path: Path
) -> None:
    at = "2026-03-01 10:00:00"
    rows = [
        ("u", at, "z", 0, ""),
        ("u", at, "a", 0, ""),
        ("u", at, "m", 1, 1),
        ("u", at, "b", 0, 0),
    ]
    result = credit_rows(engine_client, tmp_path, LOG, rows)
    assert conversions_of(result["first"]) == {"z": 1.0}
    assert conversions_of(result["last"]) == {"m": 1.0}
    assert conversions_of(result["linear"]) == pytest.approx({"z": 1 / 3, "a": 1 / 3, "m": 1 / 3})


def test_a_second_conversion_looks_back_past_the_first(
    engine_client: Client, tmp_path: Path
) -> None:
    rows = [
        ("u", "2026-01-01", "seo", 0, ""),
        ("u", "2026-01-02", "cpc", 1, "10.10"),
        ("u", "2026-01-03", "mail", 1, "20.20"),
    ]
    result = credit_rows(engine_client, tmp_path, LOG, rows)
    assert result["first"]["seo"] == {"conversions": 2.0, "value": 30.3}
    assert conversions_of(result["last"]) == {"cpc": 1.0, "mail": 1.0}


def test_a_touch_as_old_as_the_lookback_is_out(engine_client: Client, tmp_path: Path) -> None:
    rows = [
        ("u", "2026-01-01 00:00:00", "edge", 0, ""),
        ("u", "2026-01-01 00:00:00.000001", "inside", 0, ""),
        ("u", "2026-01-08 00:00:00", "", "yes", 7),
        ("w", "2026-01-01", "old", 0, ""),
        ("w", "2026-02-01", "", "true", 3),
    ]
    result = credit_rows(engine_client, tmp_path, LOG, rows, lookback="7")
    for model in ("first", "linear", "markov_order2", "shapley_unanimity"):
        assert conversions_of(result[model]) == {"inside": 1.0, "unattributed": 1.0}, model
        assert result[model]["unattributed"]["value"] == 3.0
    unbounded = credit_rows(engine_client, tmp_path, LOG, rows)
    assert conversions_of(unbounded["first"]) == {"edge": 1.0, "old": 1.0}


def test_zones_put_touches_in_their_true_order(engine_client: Client, tmp_path: Path) -> None:
    rows = [
        ("u", "2026-03-01T12:00:00+03:00", "first", 0, ""),
        ("u", "2026-03-01 10:00:00", "second", 0, ""),
        ("u", "2026-03-01T11:00:00Z", "third", 1, 1),
    ]
    assert conversions_of(credit_rows(engine_client, tmp_path, LOG, rows)["first"]) == {"first": 1}
    # 10:00 in Moscow is before 12:00 there
    moved = credit_rows(engine_client, tmp_path, LOG, rows, zone="Europe/Moscow")
    assert conversions_of(moved["first"]) == {"second": 1.0}


@pytest.mark.parametrize(
    "noon",
    [
        "2026-03-01T12:00:00.000+03:00",
        "2026-03-01 12:00:00+03",
        "2026-03-01 09:00 UTC",
        "2026-03-01T09:00:00Z",
        "1772355600",
        "1772355600.0",
        "1772355600000",
    ],
)
def test_instants_are_read_as_databases_write_them(
    engine_client: Client, tmp_path: Path, noon: str
) -> None:
    rows = [
        ("u", "2026-03-01T09:00:00.001Z", "after", 1, ""),
        ("u", noon, "at", 0, ""),
        ("u", "2026-03-01T08:59:59.999Z", "before", 0, ""),
    ]
    result = credit_rows(engine_client, tmp_path, LOG, rows, lookback="0.00000002")
    # 1.728 ms before the last instant
    assert conversions_of(result["first"]) == {"at": 1.0}


def test_a_half_life_is_counted_in_days(engine_client: Client, tmp_path: Path) -> None:
    rows = [("u", "2026-03-01", "a", 0, ""), ("u", "2026-03-08", "b", 1, 30)]
    usual = credit_rows(engine_client, tmp_path, LOG, rows)["time_decay"]
    assert conversions_of(usual) == pytest.approx({"a": 1 / 3, "b": 2 / 3})
    short = credit_rows(engine_client, tmp_path, LOG, rows, half_life="3.5")["time_decay"]
    assert conversions_of(short) == pytest.approx({"a": 0.2, "b": 0.8})


def test_people_who_never_convert_lower_their_channels(
    engine_client: Client, tmp_path: Path
) -> None:
    rows = [("a", "2026-01-01", "good", 1, 1), ("b", "2026-01-01", "bad", 1, 1)]
    rows += [(f"n{i}", "2026-01-01", "bad", 0, "") for i in range(8)]
    shapley = credit_rows(engine_client, tmp_path, LOG, rows)["shapley"]
    # v(good) = 1, v(bad) = 1/9, v(both) = 2/10, ten journeys
    assert shapley["good"]["conversions"] == pytest.approx(10 * (1 + 2 / 10 - 1 / 9) / 2)
    assert shapley["bad"]["conversions"] == pytest.approx(10 * (1 / 9 + 2 / 10 - 1) / 2)


_START = datetime(2026, 1, 1, tzinfo=UTC)
_steps = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 40),
        st.sampled_from(["direct", "cpc", "seo", "", "mail, «x»"]),
        st.booleans(),
        st.decimals(min_value=0, max_value=1000, places=2),
    ),
    max_size=30,
)


def by_hand(rows: list[Row], lookback_hours: int) -> dict[str, dict[str, Fraction]]:
    """Conversions by a walk over every person's rows, in fractions."""
    people: dict[str, list[tuple[datetime, str, int]]] = defaultdict(list)
    for user, at, channel, converted, _ in rows:
        people[user].append((datetime.fromisoformat(at), channel, converted))
    credit: dict[str, dict[str, Fraction]] = {
        model: defaultdict(Fraction) for model in ("first", "last", "linear", "last_non_direct")
    }
    for steps in people.values():
        steps.sort(key=lambda step: step[0])
        for end, (until, _, converted) in enumerate(steps):
            oldest = until - timedelta(hours=lookback_hours)
            names = [name for at, name, _ in steps[: end + 1] if name and at > oldest]
            if converted:
                known = [name for name in names if name != "direct"] or names
                for model, who in (
                    ("first", names[:1]),
                    ("last", names[-1:]),
                    ("linear", names),
                    ("last_non_direct", known[-1:]),
                ):
                    for name in who or ["unattributed"]:
                        credit[model][name] += Fraction(1, max(1, len(who)))
    return credit


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_steps, seed=st.integers(0, 99))
def test_generated_logs_are_credited_as_by_hand_and_conserve(
    engine_client: Client, steps: list, seed: int
) -> None:
    rows: list[Row] = [
        (f"u{who}", (_START + timedelta(hours=hour)).isoformat(), channel, int(buys), str(value))
        for who, hour, channel, buys, value in steps
    ]
    # Rows of one person and instant must keep their order; everything else may be anywhere.
    shuffled = random.Random(seed).sample(range(len(rows)), len(rows))
    mixed = sorted(shuffled, key=lambda i: (steps[i][1] * 7 % 5, steps[i][1], i))
    with tempfile.TemporaryDirectory() as folder:
        options = {"lookback": "1", "paid": "cpc"}
        result = credit_rows(engine_client, Path(folder), LOG, rows, **options)
        again = credit_rows(engine_client, Path(folder), LOG, [rows[i] for i in mixed], **options)
    assert again == result
    for model, expected in by_hand(rows, 24).items():
        found = conversions_of(result[model])
        assert found == pytest.approx({k: float(v) for k, v in expected.items()}), model
    bought = [row for row in rows if row[3]]
    for model, credit in result.items():
        assert _conserves(credit, bought), model


def _conserves(credit: Credit, bought: list[Row]) -> bool:
    return is_conserved(credit, Fraction(len(bought)), exact_sum(row[4] for row in bought))


def test_credits_that_cancel_still_add_up() -> None:
    amounts = {"cpc": Fraction(0.5249999999999999), "direct": Fraction(-0.175)}
    assert math.fsum(round_to_doubles(amounts, Fraction("0.35")).values()) == 0.35
