"""How Avito Ads is asked, and every form in which it may answer."""

from __future__ import annotations

from datetime import date

import pytest

from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    IncompleteAnswer,
    MemoryVault,
    RequestRefused,
    TemporaryFailure,
)
from include.sandbox.vendors.faults import Fault
from tests.connectors.avito_ads.advertiser import DAYS, cell, make_advertiser
from tests.connectors.avito_ads.conftest import MakeReader
from tests.connectors.contract.reading import Reader, sort_rows
from tests.connectors.contract.source_case import Play


def _plant(reader: Reader, kind: str, path: str, count: int = 1, **values: object) -> None:
    reader.server.stage.faults.plant(Fault(kind, "avito_ads", path, count, 0, values))


@pytest.mark.parametrize(
    "knobs",
    [
        {"avito_ads.omits_zeros": True},
        {"avito_ads.lists_idle": False},
        {"avito_ads.timestamp_has_time": True},
        {"avito_ads.points_a_minute": 6},
    ],
)
def test_whatever_the_vendor_leaves_open_the_rows_are_the_same(
    make_reader: MakeReader, knobs: dict[str, object]
) -> None:
    reader = make_reader(knobs=knobs)
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


def test_the_sandbox_prefix_is_an_option(make_reader: MakeReader) -> None:
    reader = make_reader(options={"prefix": "ads-sandbox"})
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)
    with pytest.raises(BadInput, match="prefix"):
        make_reader(options={"prefix": "other"}).connect()


def test_few_points_left_slow_the_reading_down(make_reader: MakeReader) -> None:
    reader = make_reader(knobs={"avito_ads.points_a_minute": 8})
    reader.read()
    assert 10.0 in reader.sleeps
    assert reader.landed() == sort_rows(reader.play.expected)


def test_one_token_serves_every_process_until_it_expires(make_reader: MakeReader) -> None:
    reader = make_reader()
    reader.read()
    assert isinstance(reader.vault, MemoryVault)
    first = reader.vault.read()["token"]
    reader.read()
    assert reader.vault.read()["token"] == first
    reader.server.stage.clock.advance(90_000)
    reader.read()
    assert reader.vault.read()["token"] != first


def test_a_bare_token_without_a_secret_says_what_to_store(make_reader: MakeReader) -> None:
    reader = make_reader(credentials={"token": "demo-token"})
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)
    _plant(reader, "expired_token", "")
    with pytest.raises(AccessDenied, match="client_id and client_secret"):
        reader.read()


def test_an_account_out_of_reach_says_what_to_do(make_reader: MakeReader) -> None:
    reader = make_reader(credentials={"client_id": "limited-client", "client_secret": "x"})
    reader.credentials = {"client_id": "limited-client", "client_secret": "demo-secret"}
    reader.account = "5002"
    reader.__post_init__()
    with pytest.raises(AccessDenied, match="may not read this account"):
        reader.read()


def test_an_account_must_have_a_number(make_reader: MakeReader) -> None:
    reader = make_reader()
    reader.account = "Severmet"
    with pytest.raises(BadInput, match="account_id"):
        reader.connect()
    reader.options["account_id"] = "5001"
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


def test_days_that_do_not_add_up_to_their_total_are_not_kept(make_reader: MakeReader) -> None:
    reader = make_reader()
    _plant(reader, "odd_value", "/stats", field="views", value=5)
    with pytest.raises(IncompleteAnswer, match="do not add up"):
        reader.read()


def test_a_counter_that_is_no_number_is_a_changed_api(make_reader: MakeReader) -> None:
    reader = make_reader()
    _plant(reader, "odd_value", "/stats", field="views", value="many")
    with pytest.raises(RequestRefused, match="views"):
        reader.read()


def test_a_day_in_an_unknown_form_is_a_changed_api(make_reader: MakeReader) -> None:
    reader = make_reader()
    _plant(reader, "odd_value", "/stats", field="timestamp", value="18 Nov")
    with pytest.raises(RequestRefused, match="18 Nov"):
        reader.read()


def test_a_campaign_gone_since_the_list_is_no_quiet_loss(make_reader: MakeReader) -> None:
    reader = make_reader()
    _plant(reader, "error", "/stats", status=404)
    with pytest.raises(TemporaryFailure, match="gone"):
        reader.read()


def test_an_account_nobody_knows_is_for_a_person_to_correct(make_reader: MakeReader) -> None:
    reader = make_reader()
    _plant(reader, "error", "/account/5001", 500, status=404)
    with pytest.raises(AccessDenied, match="no such account"):
        reader.read()
    refused = [one for one in reader.connect().check() if not one.is_allowed]
    assert len(refused) == 5


def test_campaigns_over_long_ago_or_made_later_are_not_asked(make_reader: MakeReader) -> None:
    stats = [cell(date(2026, 10, 30), 10111, 10, 1, "3")]
    play = Play(make_advertiser(stats, status="archived"))
    reader = make_reader(play, now=play.now, options={"history_from": "2026-11-10"})
    _plant(reader, "error", "/stats", 500, status=404)
    reader.server.stage.clock.advance(30 * 86_400)
    reader.options["history_from"] = "2026-12-01"
    reader.read()
    assert reader.landed() == []


def test_creatives_beyond_their_campaign_are_refused(make_reader: MakeReader) -> None:
    stats = [cell(day, 10111, 10, 1, "3") for day in DAYS]
    reader = make_reader(Play(make_advertiser(stats, (10111,))))
    _plant(reader, "odd_value", "/stats", field="creatives", value=_creatives(11))
    with pytest.raises(IncompleteAnswer, match="more views"):
        reader.read()
    reader = make_reader(Play(make_advertiser(stats, (10111,))))
    _plant(reader, "odd_value", "/stats", field="creatives", value=_creatives(9))
    reader.read()
    rest = reader.live_rows("ad_performance_daily").to_pylist()
    views = {(row["creative_id"], row["stats_date"]): row["views"] for row in rest}
    assert (views[10111, DAYS[0]], views[0, DAYS[0]]) == (9, 1)


def _creatives(views: int) -> list[dict[str, object]]:
    day = {"timestamp": DAYS[0].isoformat(), "views": views, "clicks": 1, "spend": 3}
    return [{"id": 10111, "groupId": 1011, "name": "C", "data": [day], "totalData": {}}]
