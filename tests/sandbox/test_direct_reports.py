"""The Reports service of the Direct stand-in: refusals, bodies, headers."""

from __future__ import annotations

from datetime import date

import pytest

from include.sandbox.vendors.yandex_direct.fields import FIELDS, REPORT_TYPES
from include.sandbox.vendors.yandex_direct.periods import NAMED_RANGES, resolve_period
from tests.sandbox.conftest import standard_report

REQUIRED = list(standard_report())


def _code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["error_code"]


def _rows(answer) -> list[list[str]]:
    lines = answer.text.splitlines()
    return [line.split("\t") for line in lines[2:-1]]


@pytest.mark.parametrize("element", REQUIRED)
def test_a_missing_element_is_refused_with_a_text_code(direct, element):
    assert _code(direct.report(**{element: None})) == (400, "8000")


@pytest.mark.parametrize(
    "change",
    [
        {"Surprise": 1},
        {"Format": "CSV"},
        {"IncludeVAT": "MAYBE"},
        {"ReportType": "NO_SUCH_REPORT"},
        {"DateRangeType": "LAST_2_DAYS"},
        {"FieldNames": []},
        {"FieldNames": ["NoSuchField"]},
        {"FieldNames": ["Date", "Week", "Clicks"]},
        {"FieldNames": ["Clicks", "Clicks"]},
        {"FieldNames": ["Criteria", "CriterionType"]},
        {"FieldNames": ["ClickType", "Impressions"]},
        {"FieldNames": ["Keyword", "Clicks"]},
        {"FieldNames": ["Query", "Clicks"]},
        {"OrderBy": [{"Field": "Criterion"}]},
        {"SelectionCriteria": {"DateFrom": "2026-11-17"}},
        {"SelectionCriteria": {"DateFrom": "17.11.2026", "DateTo": "2026-11-19"}},
        {"DateRangeType": "YESTERDAY"},
        {"ReportType": "REACH_AND_FREQUENCY_PERFORMANCE_REPORT", "FieldNames": ["Impressions"]},
    ],
)
def test_what_the_vendor_forbids_is_refused(direct, change):
    assert _code(direct.report(**change)) == (400, "8000")


@pytest.mark.parametrize("field", ["Date", "Sessions", "CampaignName", "NoSuchField"])
def test_some_fields_cannot_be_filtered_on(direct, field):
    criteria = standard_report()["SelectionCriteria"] | {
        "Filter": [{"Field": field, "Operator": "EQUALS", "Values": ["1"]}]
    }
    assert _code(direct.report(SelectionCriteria=criteria)) == (400, "8000")


def test_a_field_stands_in_one_filter_only_and_values_are_strings(direct):
    one = {"Field": "CampaignId", "Operator": "EQUALS", "Values": ["700012135"]}
    period = standard_report()["SelectionCriteria"]
    twice = direct.report(SelectionCriteria=period | {"Filter": [one, one]})
    number = direct.report(SelectionCriteria=period | {"Filter": [one | {"Values": [1]}]})
    assert _code(twice) == _code(number) == (400, "8000")


def test_every_cell_of_the_matrix_is_enforced(direct):
    direct.control("clock", {"factor": 100_000})
    for report_type in REPORT_TYPES:
        allowed = [f for f in FIELDS.values() if f.in_output and f.role(report_type) not in ".f"]
        refused = [f for f in FIELDS.values() if f not in allowed]
        assert allowed
        assert refused
        for field in (*refused[:6], *refused[-6:]):
            names = ["CampaignId", field.name] if "REACH" in report_type else [field.name]
            answer = direct.report(ReportType=report_type, FieldNames=names)
            assert _code(answer) == (400, "8000"), (report_type, field.name)


@pytest.mark.parametrize("report_type", REPORT_TYPES[:6])
def test_each_report_type_answers_every_field_it_allows(direct, report_type):
    direct.control("clock", {"factor": 100_000})
    allowed = [f.name for f in FIELDS.values() if f.in_output and f.role(report_type) not in ".f"]
    for name in allowed:
        answer = direct.report(ReportType=report_type, FieldNames=[name], ReportName=f"r-{name}")
        assert answer.status_code == 200, (name, answer.text)
        assert answer.text.splitlines()[1] == name


def test_not_json_is_an_invalid_request(direct):
    import requests

    answer = requests.post(
        f"{direct.url}/json/v5/reports", data=b"<xml/>", headers=direct.headers, timeout=10
    )
    assert _code(answer) == (400, "8000")
    assert answer.json()["error"]["error_detail"] == "JSON can't be processed"


@pytest.mark.parametrize("name", [n for n in NAMED_RANGES if n not in ("CUSTOM_DATE", "AUTO")])
def test_every_named_range_gives_its_days(direct, name):
    answer = direct.report(
        SelectionCriteria={},
        DateRangeType=name,
        FieldNames=["Date", "Clicks"],
        headers={"processingMode": "offline"},
    )
    assert answer.status_code == 201
    first, last = resolve_period(name, date(2026, 11, 20))
    assert first <= last <= date(2026, 11, 20)
    assert (last == date(2026, 11, 20)) == (name.startswith(("THIS", "TODAY", "ALL")))


def test_the_last_days_exclude_today_and_weeks_start_where_they_say():
    friday = date(2026, 11, 20)
    assert resolve_period("LAST_3_DAYS", friday) == (date(2026, 11, 17), date(2026, 11, 19))
    assert resolve_period("LAST_WEEK", friday) == (date(2026, 11, 9), date(2026, 11, 15))
    assert resolve_period("LAST_BUSINESS_WEEK", friday) == (date(2026, 11, 9), date(2026, 11, 13))
    assert resolve_period("LAST_WEEK_SUN_SAT", friday) == (date(2026, 11, 8), date(2026, 11, 14))
    assert resolve_period("THIS_WEEK_SUN_TODAY", friday)[0] == date(2026, 11, 15)
    assert resolve_period("LAST_MONTH", friday) == (date(2026, 10, 1), date(2026, 10, 31))
    assert resolve_period("ALL_TIME", friday)[0] == date(2023, 11, 1)


def test_history_ends_three_years_before_the_first_of_this_month(direct):
    old = {"DateFrom": "2023-10-31", "DateTo": "2023-11-02"}
    assert _code(direct.report(SelectionCriteria=old)) == (400, "4000")


def test_search_queries_are_kept_for_half_a_year(direct):
    def ask(first: str) -> tuple[int, str]:
        answer = direct.report(
            ReportType="SEARCH_QUERY_PERFORMANCE_REPORT",
            FieldNames=["Query", "Clicks"],
            SelectionCriteria={"DateFrom": first, "DateTo": "2026-11-19"},
        )
        return answer.status_code, answer.text

    assert ask("2026-05-24")[0] == 201
    status, text = ask("2026-05-23")
    assert (status, "2026-05-24" in text) == (400, True)


def test_the_body_has_a_title_a_column_line_rows_and_their_count(direct):
    answer = direct.report()
    lines = answer.text.splitlines()
    assert lines[0] == '"small (2026-11-17 - 2026-11-19)"'
    assert lines[1].split("\t") == standard_report()["FieldNames"]
    assert lines[-1] == f"Total rows: {len(lines) - 3}"
    assert answer.headers["Content-Type"] == "text/tab-separated-values; charset=utf-8"
    assert answer.headers["reportsInQueue"] == "0"
    assert answer.headers["RequestId"].isdigit()
    assert answer.headers["X-Accel-Info"].endswith("cmd:direct.json-api/reports.create,appcode:0")
    assert "Units" not in answer.headers


def test_each_line_can_be_left_out_and_false_keeps_it(direct):
    skip = {"skipReportHeader": "true", "skipColumnHeader": "true", "skipReportSummary": "true"}
    bare = direct.report(headers=skip).text.splitlines()
    keep = dict.fromkeys(skip, "false")
    assert direct.report(headers=keep).text.splitlines()[2:-1] == bare


def test_no_data_is_the_column_line_alone(direct):
    direct.control("faults", {"kind": "zero_rows"})
    answer = direct.report(headers={"skipReportHeader": "true"})
    assert answer.text == "\t".join(standard_report()["FieldNames"]) + "\n"


def test_the_body_is_compressed_only_when_asked(direct):
    plain = direct.report(headers={"Accept-Encoding": "identity"})
    packed = direct.report(headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.text == packed.text


def test_money_is_micros_rounded_to_ten_thousand_or_decimals(direct):
    rows = _rows(direct.report(FieldNames=["CampaignId", "Cost", "AvgCpc"]))
    plain = _rows(
        direct.report(
            FieldNames=["CampaignId", "Cost", "AvgCpc"], headers={"returnMoneyInMicros": "false"}
        )
    )
    assert all(int(cost) % 10_000 == 0 for _, cost, _ in rows)
    assert [f"{int(cost) / 1e6:.2f}" for _, cost, _ in rows] == [cost for _, cost, _ in plain]


def test_vat_raises_the_cost_by_the_rate_of_the_day(direct):
    old = {"DateFrom": "2025-12-30", "DateTo": "2026-01-02"}
    change = {"SelectionCriteria": old, "FieldNames": ["Date", "Cost"]}
    net = dict(_rows(direct.report(**change)))
    gross = dict(_rows(direct.report(**change, IncludeVAT="YES")))
    share = {day: int(gross[day]) / int(net[day]) for day in net}
    assert share["2025-12-30"] == pytest.approx(1.20, abs=1e-4)
    assert share["2026-01-02"] == pytest.approx(1.22, abs=1e-4)


def test_wizard_campaigns_show_no_group_ad_or_criterion(direct):
    fields = ["CampaignName", "AdGroupId", "AdGroupName", "AdId", "CriterionId", "Clicks"]
    rows = _rows(direct.report(FieldNames=fields))
    wizard = [row for row in rows if row[0] == "Мастер кампаний"]
    assert wizard
    assert all(row[1:5] == ["--"] * 4 for row in wizard)
    assert all("--" not in row[1:5] for row in rows if row not in wizard)


def test_goal_columns_are_goals_times_models_and_dashes_where_nothing_converted(direct):
    answer = direct.report(
        FieldNames=["CampaignId", "Conversions"],
        Goals=["111", "222", "999"],
        AttributionModels=["LSC", "AUTO"],
    )
    header = answer.text.splitlines()[1].split("\t")
    assert header[1:3] == ["Conversions_111_LSCCD", "Conversions_111_AUTO"]
    assert len(header) == 7
    rows = _rows(answer)
    assert all(row[5:] == ["--", "--"] for row in rows)
    assert any(row[2] != "--" for row in rows)


def test_segments_add_up_to_the_same_total(direct):
    def total(*segments: str) -> int:
        rows = _rows(direct.report(FieldNames=[*segments, "Clicks"]))
        return sum(int(row[-1]) for row in rows)

    assert total("Date") == total("Age", "Gender") == total("AdId", "Device", "Placement") > 0


def test_filters_keep_what_they_say(direct):
    def filtered(field: str, operator: str, *values: str) -> list[list[str]]:
        criteria = standard_report()["SelectionCriteria"] | {
            "Filter": [{"Field": field, "Operator": operator, "Values": list(values)}]
        }
        fields = ["CampaignId", "Device", "Clicks"]
        return _rows(direct.report(SelectionCriteria=criteria, FieldNames=fields))

    assert {row[1] for row in filtered("Device", "IN", "MOBILE", "TABLET")} == {"MOBILE", "TABLET"}
    assert "700012135" not in {row[0] for row in filtered("CampaignId", "NOT_EQUALS", "700012135")}
    assert all(int(row[2]) > 30 for row in filtered("Clicks", "GREATER_THAN", "30"))


def test_order_and_page_are_kept(direct):
    change = {"FieldNames": ["CampaignId", "Clicks"]}
    falling = [{"Field": "Clicks", "SortOrder": "DESCENDING"}]
    rows = _rows(direct.report(**change, OrderBy=falling))
    assert [int(r[1]) for r in rows] == sorted((int(r[1]) for r in rows), reverse=True)
    page = _rows(direct.report(**change, OrderBy=falling, Page={"Limit": 2, "Offset": 1}))
    assert page == rows[1:3]


def test_figures_of_the_last_three_days_are_restated_and_then_rest(direct):
    def clicks_of(day: str) -> int:
        span = {"DateFrom": day, "DateTo": day}
        return int(_rows(direct.report(SelectionCriteria=span, FieldNames=["Clicks"]))[0][0])

    seen = []
    for _ in range(5):
        seen.append(clicks_of("2026-11-19"))
        direct.control("clock", {"advance_seconds": 86_400})
    assert seen[0] > seen[2]
    assert seen[2] == seen[3] == seen[4]


def test_auto_covers_what_changed_since_the_last_time(direct):
    auto = {"SelectionCriteria": {}, "DateRangeType": "AUTO", "FieldNames": ["Date", "Clicks"]}
    assert {row[0] for row in _rows(direct.report(**auto))} >= {"2026-11-18", "2026-11-19"}
    unchanged = direct.report(**auto, headers={"skipReportHeader": "true"})
    assert unchanged.text == "Date\tClicks\n"


def test_an_implicit_group_shows_only_as_several_rows(direct):
    change = {"FieldNames": ["CampaignName", "Clicks"]}
    grouped = _rows(direct.report(**change, ReportType="AD_PERFORMANCE_REPORT"))
    plain = _rows(direct.report(**change))
    assert len(grouped) > len(plain) == len({row[0] for row in plain})


def test_the_same_seed_gives_the_same_bytes(direct):
    assert direct.report().text == direct.report().text


def test_a_day_begins_at_midnight_in_moscow(direct):
    direct.control("clock", {"now": "2026-11-20T21:30:00+00:00"})
    answer = direct.report(SelectionCriteria={}, DateRangeType="TODAY")
    assert "2026-11-21" in answer.text.splitlines()[0]


def test_a_report_without_page_stops_at_a_million_rows(direct):
    direct.control(
        "knobs",
        {"yandex_direct.rows_per_day": 400_000, "yandex_direct.online_row_limit": 10_000_000},
    )
    answer = direct.report(FieldNames=["Date", "AdId"])
    assert answer.text.endswith("Total rows: 1000000\n")
