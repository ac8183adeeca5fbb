"""Ad groups and ads are listed whole, in few calls, and seldom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from include.connectors.protocol import KnownSlice, RequestRefused, Slice
from include.connectors.yandex_direct.dictionaries import read_objects


def test_groups_and_ads_are_those_of_the_account(bench):
    book = bench.server.vendors["yandex_direct"].book
    groups, _ = bench.pull(Slice("ad_group", "snapshot"))
    ads, _ = bench.pull(Slice("ad", "snapshot"))
    groups.validate(full=True)
    ads.validate(full=True)
    assert {
        (g["ad_group_id"], g["campaign_id"], g["ad_group_name"]) for g in groups.to_pylist()
    } == {(g.id, g.campaign_id, g.name) for g in book.ad_groups("demo-client")}
    assert {(a["ad_id"], a["ad_group_id"], a["title"], a["href"]) for a in ads.to_pylist()} == {
        (a.id, a.ad_group_id, a.title, a.href) for a in book.ads("demo-client")
    }


def test_pages_and_more_campaigns_than_a_call_takes_lose_nothing(bench):
    whole, _ = bench.pull(Slice("ad", "snapshot"))
    bench.stage.knobs["yandex_direct.page_limit"] = 3
    paged, _ = bench.pull(Slice("ad", "snapshot"))
    key = [("ad_id", "ascending")]
    assert paged.sort_by(key) == whole.sort_by(key)


def test_campaigns_are_asked_for_by_tens_and_an_object_on_two_pages_comes_once():
    asked: list[list[int]] = []

    def call(service: str, _: str, params: Any) -> dict[str, Any]:
        assert service == "adgroups"
        ids, offset = params["SelectionCriteria"]["CampaignIds"], params["Page"]["Offset"]
        asked.append(ids)
        shown = [_group(ids[0] * 10), _group(ids[0] * 10 + 1)][offset : offset + 1]
        again = [_group(ids[0] * 10)] if offset else []
        return {"AdGroups": again + shown} | ({} if offset else {"LimitedBy": 1})

    batches = list(read_objects("ad_group", "demo", list(range(1, 26)), call))
    assert [len(ids) for ids in asked] == [10, 10, 10, 10, 5, 5]
    found = [row["ad_group_id"] for batch in batches for row in batch.to_pylist()]
    assert found == [10, 11, 110, 111, 210, 211]


def test_a_missing_field_is_named():
    def call(*_: Any) -> dict[str, Any]:
        return {"AdGroups": [{k: v for k, v in _group(1).items() if k != "Status"}]}

    with pytest.raises(RequestRefused, match="Status"):
        list(read_objects("ad_group", "demo", [1], call))


def test_they_are_listed_again_only_after_a_week(bench):
    now = bench.stage.clock.now()

    def planned(age: timedelta) -> set[str]:
        known = [KnownSlice(name, "snapshot", "", now - age, 1) for name in ("ad", "ad_group")]
        return {piece.resource for piece in bench.connect().plan(known, now, None)}

    assert not planned(timedelta(days=6)) & {"ad", "ad_group"}
    assert planned(timedelta(days=7)) >= {"ad", "ad_group"}


def _group(number: int) -> dict[str, Any]:
    return {
        "Id": number,
        "CampaignId": 1,
        "Name": "group",
        "Type": "TEXT_AD_GROUP",
        "Status": "ACCEPTED",
        "ServingStatus": "ELIGIBLE",
        "TrackingParams": None,
    }
