"""The process around the vendors: ready file, control endpoint, faults of transport."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from include.sandbox.vendors.clock import Clock

PROJECT = Path(__file__).resolve().parents[2]


def test_the_process_says_when_it_is_ready_and_stops_on_sigterm(tmp_path):
    ready = tmp_path / "ready.json"
    now = "2026-11-20T09:00:00+00:00"
    process = subprocess.Popen(
        [sys.executable, "-m", "include.sandbox.vendors", "--ready-file", str(ready), "--now", now],
        cwd=PROJECT,
        env=dict(os.environ),
    )
    try:
        deadline = time.monotonic() + 30
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        told = json.loads(ready.read_text(encoding="utf-8"))
        state = requests.get(f"{told['url']}/_control/state", timeout=5).json()
        assert state["now"].startswith("2026-11-20T09:0")
        for base in (told["vendors"]["yandex_direct"], f"{told['url']}/yandex_direct"):
            answer = requests.post(f"{base}/json/v5/clients", json={}, timeout=5)
            assert answer.json()["error"]["error_code"] == 53
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) in (0, -signal.SIGTERM)


def test_a_start_without_a_time_zone_is_refused():
    command = [sys.executable, "-m", "include.sandbox.vendors", "--now", "2026-11-20T09:00:00"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "time zone" in done.stderr


def test_a_taken_port_is_named(direct):
    command = [sys.executable, "-m", "include.sandbox.vendors", "--port", str(direct.server.port)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"port {direct.server.port} on 127.0.0.1 is taken" in done.stderr


def test_the_clock_is_set_frozen_and_advanced(direct):
    told = direct.control("clock", {"now": "2026-01-02T03:04:05+03:00", "frozen": True})
    assert told["now"] == "2026-01-02T00:04:05+00:00"
    assert direct.control("clock", {"advance_seconds": 60})["now"] == "2026-01-02T00:05:05+00:00"
    refused = requests.post(
        f"{direct.server.url}/_control/clock", json={"now": "2026-01-02T03:04:05"}, timeout=5
    )
    assert (refused.status_code, "time zone" in refused.text) == (400, True)


def test_the_stopwatch_runs_faster_than_the_calendar():
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC), factor=1000)
    before_now, before_elapsed = clock.now(), clock.elapsed()
    time.sleep(0.02)
    assert clock.elapsed() - before_elapsed >= 20
    assert (clock.now() - before_now).total_seconds() < 10
    assert clock.real_seconds(10) == 0.01


def test_a_planted_fault_spoils_as_many_requests_as_it_says(direct):
    direct.control("faults", {"kind": "status", "status": 503, "count": 2, "skip": 1})
    assert [direct.report().status_code for _ in range(4)] == [200, 503, 503, 200]


def test_faults_are_listed_and_cleared(direct):
    told = direct.control("faults", {"kind": "cut", "at_bytes": 10, "path_contains": "reports"})
    assert told["faults"][0]["values"] == {"at_bytes": 10}
    requests.delete(f"{direct.server.url}/_control/faults", timeout=5)
    assert direct.report().status_code == 200


def test_a_503_comes_as_the_html_of_a_proxy(direct):
    direct.control("faults", {"kind": "status", "status": 502, "headers": {"Retry-After": "7"}})
    answer = direct.report()
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Retry-After"] == "7"


def test_a_cut_connection_breaks_and_a_truncated_body_ends_politely(direct):
    direct.control("faults", {"kind": "cut", "at_bytes": 500})
    with pytest.raises(requests.exceptions.RequestException):
        _ = direct.report(headers={"Accept-Encoding": "identity"}).content
    direct.control("faults", {"kind": "truncate", "at_bytes": 500})
    assert len(direct.report().content) == 500


def test_a_planted_token_expiry_is_error_53_once(direct):
    direct.control("faults", {"kind": "expired_token"})
    assert direct.report().json()["error"]["error_code"] == "53"
    assert direct.report().status_code == 200


def test_a_renamed_field_changes_the_column_line_only(direct):
    direct.control("faults", {"kind": "renamed_field", "from": "Cost", "to": "Spend"})
    assert direct.report().text.splitlines()[1].endswith("\tSpend")


def test_a_changed_meaning_keeps_the_name_and_moves_the_figures(direct):
    clicks = [int(line.split("\t")[5]) for line in direct.report().text.splitlines()[2:-1]]
    direct.control("faults", {"kind": "changed_meaning", "field": "Clicks", "factor": 100})
    lines = direct.report().text.splitlines()
    assert lines[1].split("\t")[5] == "Clicks"
    assert [int(line.split("\t")[5]) for line in lines[2:-1]] == [100 * n for n in clicks]


def test_unknown_paths_and_other_methods_are_refused(direct):
    assert requests.get(f"{direct.url}/json/v5/reports", timeout=5).status_code == 405
    assert requests.post(f"{direct.url}/json/v4/reports", timeout=5).status_code == 404


def test_v501_answers_like_v5(direct):
    assert direct.report(version="v501").text == direct.report().text


def test_a_folder_without_a_world_is_named(tmp_path):
    command = [sys.executable, "-m", "include.sandbox.vendors", "--world", str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{tmp_path} holds no world" in done.stderr


@pytest.mark.parametrize("root", ["own port", "main port"])
def test_a_slash_at_the_end_of_a_path_is_no_other_path_and_no_redirect(vendor_server, root):
    base = vendor_server.vendor_urls["hubspot"]
    if root == "main port":
        base = f"{vendor_server.url}/hubspot"
    headers = {"Authorization": "Bearer demo-token"}
    search = f"{base}/crm/v3/objects/deals/search"
    answers = [
        requests.post(path, json={}, headers=headers, timeout=10, allow_redirects=False)
        for path in (search, f"{search}/")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert requests.get(f"{base}/nowhere/", headers=headers, timeout=10).status_code == 404
