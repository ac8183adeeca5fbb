"""A whole small world: the same bytes again, tables that agree, losses and incidents planted."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.sandbox.world.business_lines import LINES
from include.sandbox.world.generator import make_world
from include.sandbox.world.incidents import Incident, make_incidents
from include.sandbox.world.sizes import SIZES
from include.sandbox.world.store import write_world
from include.sandbox.world.tables import TABLES
from tests.sandbox.world.small_world import small_world

ROOT = Path(__file__).resolve().parents[3]
SMALL = SIZES["small"]


def table(name: str) -> pa.Table:
    """A table of the small world."""
    return small_world()[0].table(name)


def hash_files(folder: Path) -> dict[str, str]:
    """Relative path → SHA-256 of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def find_incident(kind: str) -> Incident:
    """The only incident of that kind."""
    (found,) = [one for one in make_incidents(SMALL) if one.kind == kind]
    return found


def within(instants: pa.ChunkedArray, incident: Incident) -> pa.ChunkedArray:
    """Which instants are well within the incident's days, whatever the time zone."""
    first = datetime.combine(incident.date_from, time(12), UTC)
    last = datetime.combine(incident.date_to, time(0), UTC) - timedelta(hours=12)
    return pc.and_(pc.greater_equal(instants, first), pc.less(instants, last))


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    world, truth = small_world()
    write_world(tmp_path / "here", world, truth.tables)
    subprocess.run(
        [sys.executable, "-m", "include.sandbox.world", "small", "--out", tmp_path / "there"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    here, there = hash_files(tmp_path / "here"), hash_files(tmp_path / "there")
    assert len(here) > len(TABLES)
    assert here == there


def test_another_seed_gives_another_world() -> None:
    other, _ = make_world(2, "small")
    assert not other.table("visit").equals(table("visit"))


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_table_has_its_columns_and_rows(name: str) -> None:
    rows = table(name)
    assert rows.schema.equals(TABLES[name])
    assert len(rows)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("visit", "visit_id"),
        ("call", "call_id"),
        ("form_request", "request_id"),
        ("chat", "chat_id"),
    ],
)
def test_ids_are_unique_and_follow_time(name: str, key: str) -> None:
    assert table(name)[key].to_pylist() == list(range(1, len(table(name)) + 1))


@pytest.mark.parametrize("name", ["call", "form_request", "chat"])
def test_a_contact_refers_to_a_visit_of_its_own_site(name: str) -> None:
    site_of = dict(zip(*[table("visit")[c].to_pylist() for c in ("visit_id", "site")], strict=True))
    site_of_tracker = {line.tracker: line.site for line in LINES}
    visits = [row for row in table(name).to_pylist() if row["visit_id"]]
    assert visits
    for row in visits:
        assert site_of[row["visit_id"]] == site_of_tracker[row["tracker"]]


def test_the_entry_address_says_exactly_the_marks_of_its_visit() -> None:
    marks = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
    for row in table("visit").slice(0, 1_500).to_pylist():
        said = dict(parse_qsl(urlsplit(row["entry_url"]).query))
        known = {name: row[name] for name in marks if row[name]}
        if row["click_id"]:
            known[row["click_id_kind"]] = row["click_id"]
        assert said == known
        assert row["entry_url"].isascii()


def test_some_clicks_lose_their_id_some_their_marks_and_some_both() -> None:
    rows = [row for row in table("visit").to_pylist() if row["ad_vendor"] == "yandex_direct"]
    no_id = sum(row["click_id"] == "" for row in rows) / len(rows)
    no_utm = sum(row["utm_source"] == "" for row in rows) / len(rows)
    both = [row for row in rows if row["click_id"] == "" and row["utm_source"] == ""]
    assert 0.1 < no_id < 0.2
    assert 0.04 < no_utm < 0.11
    assert both
    assert "ad" not in {row["traffic_source"] for row in both}


def test_no_visit_goes_on_past_midnight_of_its_site() -> None:
    zone_of = {line.site: ZoneInfo(line.time_zone) for line in LINES}
    for row in table("visit").to_pylist():
        start = row["started_at"].astimezone(zone_of[row["site"]])
        last = row["started_at"] + timedelta(seconds=max(row["duration_seconds"] - 1, 0))
        assert last.astimezone(zone_of[row["site"]]).date() == start.date()


def test_counters_of_the_lines_differ_and_some_browsers_block_them() -> None:
    rows = table("visit").to_pylist()
    assert all(row["metrica_client_id"] == 0 for row in rows if row["site"] == "com")
    assert all(row["ga_client_id"] == "" for row in rows if row["site"] != "com")
    blocked = sum(not row["metrica_client_id"] and not row["ga_client_id"] for row in rows)
    assert 0.07 < blocked / len(rows) < 0.25


def test_some_rows_are_known_a_day_late_and_none_before_they_happened() -> None:
    for name, at in (("visit", "started_at"), ("call", "started_at")):
        delay = pc.subtract(table(name)["known_at"], table(name)[at]).to_pylist()
        assert min(delay) > timedelta(0)
        late = sum(one > timedelta(days=1) for one in delay) / len(delay)
        assert 0.01 < late < 0.1


def test_while_tracking_is_lost_the_site_knows_no_browser() -> None:
    lost = find_incident("tracking_lost")
    visits = table("visit")
    here = pc.and_(within(visits["started_at"], lost), pc.equal(visits["site"], "ru_main"))
    found = visits.filter(here)
    assert len(found)
    assert set(found["metrica_client_id"].to_pylist()) == {0}
    assert set(found["call_visitor_id"].to_pylist()) == {""}


def test_while_a_pool_is_dead_none_of_its_calls_is_recorded() -> None:
    dead = find_incident("dead_pool")
    calls = table("call")
    here = pc.and_(within(calls["started_at"], dead), pc.equal(calls["tracker"], "uis"))
    assert "site" not in calls.filter(here)["pool"].to_pylist()
    assert "site" in calls["pool"].to_pylist()


def test_a_storm_of_robots_comes_through_ads() -> None:
    storm = find_incident("bot_storm")
    visits = table("visit")
    is_news = pc.equal(visits["referrer"], "https://news.example/")
    is_display = pc.and_(is_news, pc.equal(visits["site"], "ru_main"))
    count = pc.sum(pc.and_(within(visits["started_at"], storm), is_display)).as_py()
    usual = pc.sum(is_display).as_py() / SMALL.days
    assert count > 3 * usual


def test_a_missed_call_is_mostly_followed_by_another_on_the_same_phone() -> None:
    calls = table("call").to_pylist()
    missed = [row for row in calls if row["pool"] == "site" and row["status"] != "answered"]
    followed = [
        row
        for row in missed
        if any(
            other["caller_phone"] == row["caller_phone"]
            and timedelta(0) < other["started_at"] - row["started_at"] < timedelta(hours=3)
            for other in calls
        )
    ]
    assert missed
    assert len(followed) >= len(missed) / 2


def test_only_the_first_call_of_a_phone_is_first() -> None:
    heard: set[tuple[str, str]] = set()
    for row in table("call").to_pylist():
        key = (row["tracker"], row["caller_phone"])
        assert row["is_first"] == (key not in heard)
        heard.add(key)


def test_a_mailing_is_sent_before_noon_of_a_tuesday() -> None:
    for row in table("email_campaign").to_pylist():
        assert row["sent_at"].weekday() == 1
        assert row["clicks"] <= row["opens"] <= row["recipients"]


def test_an_unknown_size_a_bad_folder_and_a_bad_seed_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for wanted, words in (
        (["huge"], "small, demo"),
        (["small", "--out", str(tmp_path / "file")], "cannot write to"),
        (["small", "--seed", "-1"], "'-1' is not a whole number"),
    ):
        answer = subprocess.run(
            [sys.executable, "-m", "include.sandbox.world", *wanted],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 2
        assert words in answer.stderr
        assert "Traceback" not in answer.stderr
