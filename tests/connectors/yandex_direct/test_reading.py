"""Rows of the Direct connector: types, nulls, rejects, and the proof that none is missing."""

from __future__ import annotations

import io
from datetime import date

import pyarrow.compute as pc
import pytest
import requests

from include.connectors.protocol import IncompleteAnswer, Ready, RequestRefused, Slice, Wait
from include.connectors.yandex_direct import report_stream
from include.connectors.yandex_direct.schema import REPORT_COLUMNS

FIRST, LAST = date(2026, 11, 17), date(2026, 11, 19)


def test_rows_carry_the_schema_and_equal_what_the_vendor_counts(bench):
    rows, rejected = bench.pull(bench.days(FIRST, LAST))
    rows.validate(full=True)
    book = bench.server.vendors["yandex_direct"].book
    for day in (FIRST, LAST):
        facts = book.facts("demo-client", day, bench.stage.clock.now())
        mine = rows.filter(pc.equal(rows["stats_date"], day))
        assert pc.sum(mine["clicks"]).as_py() == facts.clicks.sum()
        assert pc.sum(mine["impressions"]).as_py() == facts.impressions.sum()
    assert rejected == []
    assert set(rows["account_id"].to_pylist()) == {"demo-client"}
    assert set(rows["currency_code"].to_pylist()) == {"RUB"}


def test_the_report_name_of_a_row_does_not_change_from_pull_to_pull(bench):
    first, _ = bench.pull(bench.days(FIRST, LAST))
    second, _ = bench.pull(bench.days(LAST, LAST))
    names = set(first["report_name"].to_pylist()) | set(second["report_name"].to_pylist())
    assert len(names) == 1


def test_the_wizard_keeps_its_spend_under_ad_zero(bench):
    rows, _ = bench.pull(bench.days(FIRST, LAST))
    wizard = rows.filter(pc.equal(rows["campaign_name"], "Мастер кампаний"))
    assert set(wizard["ad_id"].to_pylist()) == {0}
    assert set(wizard["ad_group_name"].to_pylist()) == {""}
    assert pc.sum(wizard["cost_micros"]).as_py() > 0


def test_vat_is_asked_for_and_said(bench):
    net, _ = bench.pull(bench.days(FIRST, LAST))
    gross, _ = bench.pull(bench.days(FIRST, LAST, include_vat="YES"), include_vat="YES")
    assert set(net["is_vat_included"].to_pylist()) == {False}
    assert set(gross["is_vat_included"].to_pylist()) == {True}
    ratio = pc.sum(gross["cost_micros"]).as_py() / pc.sum(net["cost_micros"]).as_py()
    assert ratio == pytest.approx(1.22, abs=0.001)
    assert net["report_name"][0] != gross["report_name"][0]


def test_a_queued_report_is_resumed_by_another_process_from_its_token(bench):
    piece = bench.days(date(2026, 10, 21), LAST)
    first = bench.connect().start(piece)
    assert isinstance(first, Wait)
    assert 1 <= first.seconds <= 60
    assert "demo-token" not in repr(first.token)
    second = bench.connect().poll(first.token)
    assert isinstance(second, Wait)
    bench.stage.clock.advance(30)
    third = bench.connect().poll(second.token)
    assert isinstance(third, Ready)
    days = set()
    for batch in bench.connect().fetch(third.token):
        days |= set(batch.rows.column("stats_date").to_pylist())
    assert len(days) == 30


def test_a_missing_retry_in_means_ten_seconds(bench):
    bench.plant("drop_header", header="retryIn")
    state = bench.connect().start(bench.days(date(2026, 10, 21), LAST))
    assert isinstance(state, Wait)
    assert state.seconds == 10.0


def test_an_unchanged_report_inside_five_hours_is_not_the_stored_copy(bench):
    first, _ = bench.pull(bench.days(date(2026, 11, 1), LAST, processing_mode="offline"))
    bench.stage.clock.set(now=bench.stage.clock.now().replace(hour=21, minute=5))
    second, _ = bench.pull(bench.days(date(2026, 11, 1), LAST, processing_mode="offline"))
    assert pc.sum(first["clicks"]) != pc.sum(second["clicks"])


def test_a_restated_day_differs_and_a_settled_one_does_not(bench):
    recent, settled = bench.days(LAST, LAST), bench.days(date(2026, 11, 3), date(2026, 11, 3))
    before = bench.pull(recent)[0], bench.pull(settled)[0]
    bench.stage.clock.advance(4 * 86_400)
    after = bench.pull(recent)[0], bench.pull(settled)[0]
    assert pc.sum(before[0]["clicks"]).as_py() > pc.sum(after[0]["clicks"]).as_py()
    assert before[1].sort_by("ad_id")["clicks"] == after[1].sort_by("ad_id")["clicks"]


def test_a_tab_inside_a_name_rejects_that_line_alone(bench):
    whole, _ = bench.pull(bench.days(FIRST, LAST))
    bench.plant("bad_value", field="CampaignName", value="Насосы\tи трубы", row=4)
    rows, rejected = bench.pull(bench.days(FIRST, LAST))
    (bad,) = rejected
    assert (bad.line_number, bad.reason_code) == (6, "wrong_column_count")
    assert bad.reason == "17 cells instead of 16"
    assert "Насосы\tи трубы" in bad.raw
    assert rows.num_rows == whole.num_rows - 1


def test_a_line_break_inside_a_name_is_one_rejected_row(bench):
    whole, _ = bench.pull(bench.days(FIRST, LAST))
    bench.plant("bad_value", field="AdGroupName", value="Насосы\nи трубы", row=0)
    rows, rejected = bench.pull(bench.days(FIRST, LAST))
    assert [(r.line_number, r.reason_code) for r in rejected] == [(2, "line_break_in_value")]
    assert rows.num_rows == whole.num_rows - 1


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("Clicks", "many", "wrong_type"),
        ("Clicks", "--", "missing_value"),
        ("Cost", "12.50", "wrong_type"),
        ("Date", "19.11.2026", "wrong_type"),
        ("AdId", "99999999999999999999999", "wrong_type"),
        ("Impressions", "-1", "wrong_type"),
    ],
)
def test_a_value_that_is_no_such_type_rejects_its_row_with_its_line(bench, field, value, code):
    bench.plant("bad_value", field=field, value=value, row=9)
    bench.plant("bad_value", field="CampaignName", value="a\tb", row=2)
    rows, rejected = bench.pull(bench.days(FIRST, LAST))
    assert {(r.line_number, r.reason_code) for r in rejected} == {
        (4, "wrong_column_count"),
        (11, code),
    }
    assert rows.num_rows > 500


def test_dashes_in_figures_nobody_measured_are_null(bench):
    for field in ("Impressions", "Sessions", "Bounces"):
        bench.plant("bad_value", field=field, value="--", row=0)
    rows, rejected = bench.pull(bench.days(FIRST, LAST))
    assert rejected == []
    for column in ("impressions", "sessions", "bounces"):
        assert rows[column].null_count == 1


def test_an_empty_day_is_no_rows_and_no_error(bench):
    bench.plant("zero_rows", count=2)
    rows, rejected = bench.pull(bench.days(FIRST, LAST))
    assert (rows.num_rows, rejected) == (0, [])


def test_zero_rows_are_asked_for_twice_before_they_are_believed(bench):
    piece = bench.days(FIRST, LAST)
    token = bench.finish(piece)
    bench.plant("zero_rows", count=1)
    assert sum(b.rows.num_rows for b in bench.connect().fetch(token)) > 500


@pytest.mark.parametrize("kind", ["cut", "truncate"])
@pytest.mark.parametrize("at_bytes", [0, 10, 2_000, 20_000])
def test_a_shortened_body_is_never_taken_for_a_whole_one(bench, kind, at_bytes):
    token = bench.finish(bench.days(FIRST, LAST))
    bench.plant(kind, at_bytes=at_bytes, path="reports")
    with pytest.raises((IncompleteAnswer, RequestRefused)):
        list(bench.connect().fetch(token))
    assert sum(b.rows.num_rows for b in bench.connect().fetch(token)) > 500


def test_a_body_cut_exactly_before_its_summary_line_is_noticed(bench):
    token = bench.finish(bench.days(FIRST, LAST))
    body = _plain_body(bench, token)
    summary = body.splitlines()[-1]
    bench.plant("truncate", at_bytes=len(body.encode()) - len(summary) - 1, path="reports")
    with pytest.raises(IncompleteAnswer, match="Total rows"):
        list(bench.connect().fetch(token))


def _plain_body(bench, token) -> str:
    answer = requests.post(
        f"{bench.server.vendor_urls['yandex_direct']}/json/v5/reports",
        json={"params": token["params"]},
        headers={
            "Authorization": "Bearer demo-token",
            "Client-Login": "demo-client",
            "skipReportHeader": "true",
        },
        timeout=10,
    )
    return answer.text


def test_a_renamed_column_is_refused_by_name(bench):
    token = bench.finish(bench.days(FIRST, LAST))
    bench.plant("renamed_field", **{"from": "Cost", "to": "Spend"})
    with pytest.raises(RequestRefused, match=r"missing \['Cost'\], unknown \['Spend'\]"):
        list(bench.connect().fetch(token))


def test_a_report_cut_at_the_row_limit_is_split_by_days_without_loss_or_doubling(
    bench, monkeypatch
):
    piece = bench.days(date(2026, 11, 8), LAST)
    whole, _ = bench.pull(piece)
    bench.stage.knobs["yandex_direct.row_limit"] = 1500
    monkeypatch.setattr(report_stream, "LAST_ROW", 1500)
    parts, _ = bench.pull(bench.days(date(2026, 11, 8), LAST))
    keys = [(name, "ascending") for name in whole.schema.names]
    assert whole.num_rows > 2 * 1500
    assert parts.sort_by(keys) == whole.sort_by(keys)


def test_a_rejected_row_of_a_day_asked_for_twice_is_rejected_once(bench, monkeypatch):
    bench.stage.knobs["yandex_direct.row_limit"] = 700
    monkeypatch.setattr(report_stream, "LAST_ROW", 700)
    for _ in range(3):
        bench.plant("bad_value", field="CampaignName", value="a\tb", row=400)
        bench.plant("bad_value", field="CampaignName", value="c\td", row=1, skip=0)
    rows, rejected = bench.pull(bench.days(FIRST, LAST))
    assert len(rejected) == len({r.raw for r in rejected})
    assert rows.num_rows > 900


def test_one_day_at_the_row_limit_cannot_be_split(bench, monkeypatch):
    bench.stage.knobs["yandex_direct.row_limit"] = 100
    monkeypatch.setattr(report_stream, "LAST_ROW", 100)
    with pytest.raises(IncompleteAnswer, match="cannot be split"):
        bench.pull(bench.days(LAST, LAST))


def test_the_campaign_snapshot_lists_every_page(bench):
    bench.stage.knobs["yandex_direct.page_limit"] = 3
    rows, _ = bench.pull(Slice("campaign", "snapshot", is_checkpoint=True))
    rows.validate(full=True)
    assert rows.num_rows == 8
    assert "ARCHIVED" in rows["campaign_state"].to_pylist()
    archived = rows.filter(pc.equal(rows["campaign_state"], "ARCHIVED"))
    assert archived["end_date"].to_pylist() == [date(2026, 6, 30)]
    assert rows["end_date"].null_count == 7


@pytest.mark.parametrize("field", ["CampaignName", "Clicks"])
def test_bytes_that_are_no_text_reject_their_row_alone(field):
    names = [c.field for c in REPORT_COLUMNS]
    good = {"Date": b"2026-11-19"} | {c.field: b"7" for c in REPORT_COLUMNS if c.field != "Date"}
    lines = [good, good | {field: b"\xff\xfe7"}, good]
    body = "\t".join(names).encode() + b"\n"
    body += b"".join(b"\t".join(line[n] for n in names) + b"\n" for line in lines)
    stream = report_stream.ReportStream("r")
    batches = list(stream.read(io.BytesIO(body + b"Total rows: 3\n"), lambda rows: rows))
    assert sum(b.rows.num_rows for b in batches if b.rows is not None) == 2
    assert [(r.line_number, r.reason_code) for b in batches for r in b.rejected] == [
        (3, "wrong_type")
    ]
