"""The tables of Metrica's reporting API."""

from __future__ import annotations

import pytest

from tests.sandbox.metrica_company import (
    COUNTER,
    SECOND_COUNTER,
    MetricaCaller,
    make_company,
    make_visit,
    morning,
)

SOURCE = "ym:s:lastTrafficSource"


@pytest.fixture
def metrica(vendor_server, monkeypatch):
    caller = MetricaCaller(vendor_server)
    ad = {"traffic_source": "ad", "ad_vendor": "yandex_direct", "utm_source": "yandex"}
    monkeypatch.setattr(
        caller.stage,
        "world",
        make_company(
            make_visit(1, morning(17), **ad, goal_ids=[3, 3], is_bounce=True),
            make_visit(2, morning(18), **ad, page_views=1),
            make_visit(3, morning(18), metrica_client_id=2, traffic_source="organic"),
            make_visit(4, morning(19)),
            make_visit(5, morning(18), site="ru_second", metrica_client_id=3),
        ),
    )
    return caller


def _read(metrica, path: str = "/stat/v1/data", **changes):
    params = {"ids": COUNTER, "metrics": "ym:s:visits,ym:s:users", "dimensions": SOURCE}
    params |= {"date1": "2026-11-17", "date2": "2026-11-19", "accuracy": "full"} | changes
    return metrica.get(path, **params)


def _rows(answer) -> list[tuple[object, ...]]:
    return [
        (*(value["name"] for value in row["dimensions"]), *row["metrics"])
        for row in answer.json()["data"]
    ]


def test_a_table_has_rows_totals_and_the_query_as_understood(metrica):
    answer = _read(metrica).json()
    assert _rows(_read(metrica)) == [
        ("Ad traffic", 2.0, 1.0),
        ("Direct traffic", 1.0, 1.0),
        ("Search engine traffic", 1.0, 1.0),
    ]
    assert answer["data"][0]["dimensions"] == [{"id": "ad", "name": "Ad traffic"}]
    assert (answer["totals"], answer["min"], answer["max"]) == ([4.0, 2.0], [1.0, 1.0], [2.0, 1.0])
    assert (answer["total_rows"], answer["sampled"], answer["sample_share"]) == (3, False, 1.0)
    assert answer["query"]["sort"] == ["-ym:s:visits"]
    assert answer["query"]["attribution"] == "Lastsign"


def test_names_come_in_russian_when_asked(metrica):
    assert _rows(_read(metrica, lang="ru"))[0][0] == "Переходы по рекламе"


def test_a_dimension_without_prefix_follows_the_attribution(metrica):
    name = "ym:s:<attribution>TrafficSource"
    assert _rows(_read(metrica, dimensions=name))[0] == ("Ad traffic", 3.0, 1.0)
    assert _rows(_read(metrica, dimensions=name, attribution="last"))[0][1] == 2.0


def test_the_offset_counts_from_one_and_the_limit_cuts(metrica):
    pages = [_rows(_read(metrica, limit=2, offset=offset)) for offset in (1, 3, 5)]
    assert [len(page) for page in pages] == [2, 1, 0]
    assert pages[0] + pages[1] == _rows(_read(metrica))


def test_the_figures_of_goals_and_quality_are_those_of_the_visits(metrica):
    names = "ym:s:goal3reaches,ym:s:goal3visits,ym:s:goal3conversionRate,ym:s:bounceRate"
    names += ",ym:s:pageDepth,ym:s:avgVisitDurationSeconds,ym:s:newUsers,ym:s:pageviews"
    (row,) = _rows(_read(metrica, metrics=names, dimensions=""))
    assert row == (2.0, 1.0, 25.0, 25.0, 2.5, 120.0, 2.0, 10.0)


def test_several_counters_are_added_and_days_sorted(metrica):
    ids = f"{COUNTER},{SECOND_COUNTER}"
    rows = _rows(_read(metrica, ids=ids, dimensions="ym:s:date", sort="ym:s:date"))
    assert [row[:2] for row in rows] == [
        ("2026-11-17", 1.0),
        ("2026-11-18", 3.0),
        ("2026-11-19", 1.0),
    ]


@pytest.mark.parametrize(
    ("filters", "visits"),
    [
        (f"{SOURCE}=='ad'", 2.0),
        (f"{SOURCE}!='ad'", 2.0),
        (f"{SOURCE}=='ad' AND ym:s:date=='2026-11-18'", 1.0),
        (f"{SOURCE}=='organic' OR ym:s:date=='2026-11-17'", 2.0),
        ("ym:s:lastUTMSource=@'and'", 2.0),
        ("ym:s:startURL=*'https://*catalog*'", 4.0),
        ("ym:s:startURL!~'^https'", 0.0),
        ("ym:s:trafficSource=='organic'", 1.0),
        ("ym:s:trafficSourceName=='Ad traffic'", 3.0),
        ("ym:s:isNewUser=='Yes'", 2.0),
        ("ym:s:startOfMonth=='2026-11-01'", 4.0),
    ],
)
def test_filters_keep_the_visits_they_describe(metrica, filters, visits):
    assert _read(metrica, filters=filters).json()["totals"][0] == visits


def test_relative_days_and_default_period_are_of_the_counters_zone(metrica):
    answer = _read(metrica, date1="3daysAgo", date2="yesterday").json()
    assert (answer["query"]["date1"], answer["query"]["date2"]) == ("2026-11-17", "2026-11-19")
    ending = metrica.get("/stat/v1/data", ids=COUNTER, metrics="ym:s:visits").json()["query"]
    assert (ending["date1"], ending["date2"], ending["limit"]) == ("2026-11-14", "2026-11-20", 100)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"limit": 100_001}, "invalid_parameter"),
        ({"offset": 0}, "invalid_parameter"),
        ({"metrics": "ym:s:nothing"}, "invalid_parameter"),
        ({"metrics": ",".join(["ym:s:visits"] * 21)}, "invalid_parameter"),
        ({"dimensions": ",".join(["ym:s:date"] * 11)}, "invalid_parameter"),
        ({"dimensions": "ym:s:nothing"}, "invalid_parameter"),
        ({"sort": "ym:s:nothing"}, "invalid_parameter"),
        ({"accuracy": "best"}, "invalid_parameter"),
        ({"attribution": "best"}, "invalid_parameter"),
        ({"date1": "soon"}, "invalid_parameter"),
        ({"date1": "2026-12-01"}, "invalid_parameter"),
        ({"timezone": "Moscow"}, "invalid_parameter"),
        ({"timezone": "+15:00"}, "invalid_parameter"),
        ({"preset": "everything"}, "invalid_parameter"),
        ({"filters": "nonsense"}, "invalid_parameter"),
        ({"filters": " AND ".join(["ym:s:browser=='x'"] * 21)}, "filter_limits"),
        ({"ids": ""}, "missing_parameter"),
        ({"metrics": ""}, "missing_parameter"),
    ],
)
def test_a_wrong_query_is_refused(metrica, changes, kind):
    assert metrica.kind_of_error(_read(metrica, **changes)) == (400, kind)


def test_a_table_comes_as_csv_with_totals_first(metrica):
    lines = _read(metrica, "/stat/v1/data.csv").text.splitlines()
    assert lines[0] == f"{SOURCE},ym:s:visits,ym:s:users"
    assert lines[1] == "Totals and averages,4.0,2.0"
    assert lines[2] == "Ad traffic,2.0,1.0"


def test_by_time_every_metric_is_a_list_over_the_days(metrica):
    answer = _read(metrica, "/stat/v1/data/bytime").json()
    assert answer["time_intervals"][0] == ["2026-11-17", "2026-11-17"]
    assert answer["data"][0]["metrics"][0] == [1.0, 1.0, 0.0]
    assert answer["totals"][0] == [1.0, 2.0, 1.0]


def test_a_drill_down_opens_one_level_at_a_time(metrica):
    both = {"dimensions": f"{SOURCE},ym:s:date"}
    top = _read(metrica, "/stat/v1/data/drilldown", **both).json()["data"]
    assert (top[0]["dimension"]["id"], top[0]["expand"]) == ("ad", True)
    path = "/stat/v1/data/drilldown"
    below = _read(metrica, path, **both, parent_id='["ad"]').json()["data"]
    assert sorted(row["dimension"]["name"] for row in below) == ["2026-11-17", "2026-11-18"]
    assert not any(row["expand"] for row in below)


def test_a_comparison_shows_both_periods(metrica):
    days = {"date1_a": "2026-11-17", "date2_a": "2026-11-17"}
    days |= {"date1_b": "2026-11-18", "date2_b": "2026-11-19"}
    answer = _read(metrica, "/stat/v1/data/comparison", **days).json()
    assert answer["data"][0]["metrics"] == {"a": [1.0, 1.0], "b": [1.0, 1.0]}
    assert answer["totals"]["b"] == [3.0, 2.0]


def test_days_may_be_those_of_another_zone(metrica, monkeypatch):
    # 20:00 UTC is the 18th in Moscow, the 19th in Vladivostok
    monkeypatch.setattr(metrica.stage, "world", make_company(make_visit(1, morning(18, 20))))
    by_day = {"dimensions": "ym:s:date", "metrics": "ym:s:visits"}
    assert _rows(_read(metrica, **by_day)) == [("2026-11-18", 1.0)]
    assert _rows(_read(metrica, **by_day, timezone="+10:00")) == [("2026-11-19", 1.0)]
    only = {"date1": "2026-11-19"}
    assert _rows(_read(metrica, **by_day, **only)) == []
    assert _rows(_read(metrica, **by_day, **only, timezone="+10:00")) == [("2026-11-19", 1.0)]


def test_page_views_are_counted_by_their_own_days(metrica, monkeypatch):
    # from 23:58 in Moscow, the second of two pages comes after midnight
    late = morning(18, 20).replace(minute=58)
    visit = make_visit(1, late, page_views=2, duration_seconds=600)
    monkeypatch.setattr(metrica.stage, "world", make_company(visit))
    names = {"metrics": "ym:pv:pageviews,ym:pv:users", "dimensions": "ym:pv:date"}
    assert _rows(_read(metrica, **names)) == [("2026-11-18", 1.0, 1.0), ("2026-11-19", 1.0, 1.0)]
    assert _rows(_read(metrica, **names, date1="2026-11-19"))[0][0] == "2026-11-19"
    wrong = _read(metrica, metrics="ym:pv:pageviews", dimensions="ym:pv:nothing")
    assert metrica.kind_of_error(wrong) == (400, "invalid_parameter")


def test_a_preset_names_metrics_and_dimensions_unless_the_query_does(metrica):
    days = {"ids": COUNTER, "date1": "2026-11-17", "date2": "2026-11-19"}
    answer = metrica.get("/stat/v1/data", **days, preset="sources_summary").json()
    assert answer["query"]["dimensions"][0] == "ym:s:<attribution>TrafficSource"
    assert answer["data"][0]["dimensions"][1] == {"name": "ya_direct"}
    assert answer["totals"][0] == 4.0
    own = metrica.get("/stat/v1/data", **days, preset="traffic", metrics="ym:s:users").json()
    assert own["query"]["metrics"] == ["ym:s:users"]
    assert own["data"][0]["dimensions"][0]["name"].startswith("2026-11-1")


def test_an_empty_success_can_be_planted(metrica):
    metrica.control("faults", {"kind": "zero_rows", "path_contains": "/stat/"})
    answer = _read(metrica).json()
    assert (answer["data"], answer["totals"], answer["total_rows"]) == ([], [0.0, 0.0], 0)
    assert len(_read(metrica).json()["data"]) == 3


def test_an_answer_says_when_it_is_sampled_or_hides_rows_of_few_visitors(metrica):
    metrica.control("faults", {"kind": "sampled", "share": 0.5})
    sampled = _read(metrica).json()
    assert (sampled["sampled"], sampled["sample_share"], sampled["sample_size"]) == (True, 0.5, 2)
    metrica.control("faults", {"kind": "sensitive"})
    hidden = _read(metrica).json()
    assert (hidden["contains_sensitive_data"], hidden["data"]) == (True, [])
    assert hidden["totals"] == [4.0, 2.0]


def test_names_in_filters_are_of_the_language_asked_for(metrica):
    russian = {"filters": "ym:s:trafficSourceName=='Переходы по рекламе'"}
    assert _read(metrica, **russian, lang="ru").json()["totals"][0] == 3.0
    assert _read(metrica, **russian, lang="en").json()["totals"][0] == 0.0


@pytest.mark.parametrize(
    "query",
    [
        {"preset": "sources_search_phrases"},
        {"preset": "tech_platforms", "dimensions": "ym:s:browser"},
        {"dimensions": "ym:s:searchEngine", "metrics": "ym:s:visits"},
        {"dimensions": "ym:s:dayOfWeek,ym:s:startOfWeek", "metrics": "ym:s:visits"},
        {"dimensions": "ym:s:startURLPath,ym:s:regionCityName", "metrics": "ym:s:visits"},
        {"dimensions": "ym:pv:URLPath,ym:pv:URLDomain", "metrics": "ym:pv:pageviews"},
    ],
)
def test_queries_of_the_vendors_examples_are_answered(metrica, query):
    days = {"date1": "2026-11-17", "date2": "2026-11-19"}
    assert metrica.get("/stat/v1/data", id=COUNTER, **days, **query).json()["data"]
