"""The demo's webhook keeps what an alert channel is sent."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from include.alerts.delivery import send
from include.alerts.incident import describe_incident


@pytest.fixture
def webhook(tmp_path: Path):
    """The URL of a running webhook that writes to ``messages.jsonl``."""
    ready = tmp_path / "ready.json"
    process = subprocess.Popen(
        [
            sys.executable, "-m", "include.sandbox.webhook",
            "--file", str(tmp_path / "messages.jsonl"), "--ready-file", str(ready),
        ],
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not ready.exists():
        assert process.poll() is None, "the webhook ended instead of listening"
        assert time.monotonic() < deadline, "the webhook did not start within a minute"
        time.sleep(0.05)
    yield json.loads(ready.read_text())["url"]
    process.terminate()
    assert process.wait(timeout=10) is not None


def test_an_alert_arrives_as_one_json_line(webhook: str, tmp_path: Path) -> None:
    incident = describe_incident(
        RuntimeError("сломалось"), dag_id="build", task_id="run", occurred_at=datetime.now(UTC)
    )
    delivery = send(incident, [webhook.replace("http://", "json://")], tmp_path / "alerts")
    assert delivery.status == "sent"
    (line,) = (tmp_path / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    stored = json.loads(line)
    assert stored["title"] == "build failed unexpectedly"
    assert "сломалось" in stored["message"]
    assert datetime.fromisoformat(stored["received_at"]).tzinfo is not None


def test_what_is_not_a_json_object_is_refused_and_not_stored(webhook: str, tmp_path: Path) -> None:
    for body in ("[1]", "no json"):
        assert requests.post(webhook, data=body, timeout=10).status_code == 400
    assert not (tmp_path / "messages.jsonl").exists()
