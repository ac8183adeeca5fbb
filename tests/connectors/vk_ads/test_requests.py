"""How VK Ads is asked: within its windows, in halves where it refuses; and how it may answer."""

from __future__ import annotations

from datetime import date

import pytest

from include.connectors.protocol import (
    BadInput,
    IncompleteAnswer,
    Interval,
    TemporaryFailure,
)
from include.connectors.vk_ads.answers import seconds_to_next
from include.sandbox.vendors.faults import Fault
from tests.connectors.contract.reading import Reader, sort_rows
from tests.connectors.contract.source_case import Play
from tests.connectors.vk_ads.cabinet import (
    BANNERS,
    DAYS,
    cell,
    expected_of,
    make_cabinet,
    plain_stats,
)
from tests.connectors.vk_ads.conftest import MakeReader
from tests.connectors.vk_ads.contract_case import NOON

STATISTICS = "v2/statistics/banners"


def _plant(reader: Reader, kind: str, path: str, count: int = 1, **values: object) -> None:
    reader.server.stage.faults.plant(Fault(kind, "vk_ads", path, count, 0, values))


@pytest.mark.parametrize(
    "knobs",
    [
        {"vk_ads.text_numbers": True},
        {"vk_ads.zero_days": False},
        {"vk_ads.v3_idle": True},
        {"vk_ads.json_429": True, "vk_ads.rps_limit": 3},
        {"vk_ads.most_days": 3},
    ],
)
def test_whatever_the_vendor_leaves_open_the_rows_are_the_same(
    make_reader: MakeReader, knobs: dict[str, object]
) -> None:
    reader = make_reader(knobs=knobs)
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


def test_an_alien_id_costs_its_own_rows_alone(make_reader: MakeReader) -> None:
    reader = make_reader()
    _plant(reader, "error", STATISTICS, 2, code="ERR_WRONG_BANNERS", status=400)
    with pytest.raises(IncompleteAnswer, match="ask again"):
        reader.read()
    reader = make_reader()
    _plant(reader, "error", STATISTICS, 1, code="ERR_WRONG_BANNERS", status=400)
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


def test_unproven_days_are_let_in_with_a_finding_only_when_told_so(make_reader: MakeReader) -> None:
    reader = make_reader(options={"accept_unproven": True})
    _plant(reader, "odd_value", "v2/statistics/users", field="shows", value=7)
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)
    found = [text for batch in reader.batches for text in batch.findings]
    assert found == ["not proven: on 2026-11-10 the banners have shows 0, the cabinet 7"]
    reader = make_reader()
    _plant(reader, "odd_value", "v2/statistics/users", field="shows", value=7)
    with pytest.raises(IncompleteAnswer, match="the banners have shows 0, the cabinet 7"):
        reader.read()


def test_banners_the_short_list_lacks_are_found_by_the_totals(make_reader: MakeReader) -> None:
    reader = make_reader()
    _plant(reader, "zero_rows", "v3/statistics")
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


def test_an_exhausted_second_is_waited_out(make_reader: MakeReader) -> None:
    reader = make_reader(knobs={"vk_ads.rps_limit": 1})
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)
    assert reader.sleeps


def test_an_exhausted_hour_ends_the_run_with_its_wait(make_reader: MakeReader) -> None:
    reader = make_reader(knobs={"vk_ads.hourly_limit": 1})
    with pytest.raises(TemporaryFailure, match=r"in about 3\d{3} seconds"):
        reader.read()


def test_windows_end_with_the_calendar_of_moscow() -> None:
    assert seconds_to_next(NOON.replace(minute=59, second=50), 3600) == 10
    assert seconds_to_next(NOON, 86_400) == 12 * 3600
    assert seconds_to_next(NOON.replace(microsecond=250_000), 1) == pytest.approx(0.75)


def test_a_currency_nobody_names_is_not_guessed(make_reader: MakeReader) -> None:
    reader = make_reader(knobs={"vk_ads.user_currency": False})
    with pytest.raises(BadInput, match="currency_code"):
        reader.read()
    reader = make_reader(knobs={"vk_ads.user_currency": False}, options={"currency_code": "RUB"})
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)
    wrong = make_reader(options={"currency_code": "KZT"})
    with pytest.raises(BadInput, match="counts 5001 in RUB"):
        wrong.read()


def test_days_older_than_the_vendor_keeps_are_refused(make_reader: MakeReader) -> None:
    window = Interval(date(2025, 11, 1), date(2025, 11, 3))
    with pytest.raises(BadInput, match="keeps figures from"):
        make_reader().read(window)


def test_a_days_own_goals_can_be_asked_for(make_reader: MakeReader) -> None:
    stats = [cell(DAYS[0], 10111, 100, 5, "10.00", 2)]
    reader = make_reader(Play(make_cabinet(stats)), options={"attribution": "conversion"})
    reader.read()
    rows = reader.live_rows("ad_performance_daily").to_pylist()
    assert {(row["attribution"], row["goals"] > 0) for row in rows} == {("conversion", True)}


def test_links_are_read_whole_or_by_number_and_only_of_changed_banners(
    make_reader: MakeReader,
) -> None:
    wanted = [(n, f"https://severmet.example/?utm_content={n}") for n in BANNERS]
    for knobs in ({"vk_ads.whole_urls": True, "vk_ads.url_slot": "click"}, {}):
        reader = make_reader(knobs=knobs)
        reader.read()
        rows = reader.live_rows("banner_url").to_pylist()
        assert [(row["banner_id"], row["url"]) for row in rows] == wanted
        assert {row["url_slot"] for row in rows} == {knobs.get("vk_ads.url_slot", "primary")}
    reader.server.stage.clock.advance(86_400)
    reader.read()
    assert reader.live_rows("banner_url").num_rows == len(BANNERS)


def test_deleted_objects_stay_in_the_lists(make_reader: MakeReader) -> None:
    stats = plain_stats()
    reader = make_reader(Play(make_cabinet(stats, status="archived"), expected_of(stats)))
    reader.read()
    plans = reader.live_rows("ad_plan").to_pylist()
    assert {(row["ad_plan_id"], row["status"]) for row in plans} == {
        (101, "deleted"),
        (102, "deleted"),
    }
    assert reader.landed() == sort_rows(reader.play.expected)
