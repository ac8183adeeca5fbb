"""One message per root cause, and an alert that cannot be sent harms nobody."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from include.alerts.delivery import QUIET, send
from include.alerts.incident import Incident, describe_incident
from include.connectors.protocol import TemporaryFailure

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


class Receiver(ThreadingHTTPServer):
    """A webhook that keeps what it gets and answers with ``status``."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.messages: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        """As Apprise wants it."""
        return f"json://127.0.0.1:{self.server_address[1]}/hook-of-a-secret-kind"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *parts: object) -> None:
        """Stay silent."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A running webhook."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def incident_at(minutes: float = 0, task_id: str = "pull") -> Incident:
    """The dead source, some minutes after the first failure."""
    return describe_incident(
        TemporaryFailure("HTTP 503"),
        dag_id="ingest_yandex_direct",
        task_id=task_id,
        source="yandex_direct",
        occurred_at=NOW + timedelta(minutes=minutes),
    )


def test_a_dead_source_with_three_failing_tasks_gives_one_message(
    receiver: Receiver, tmp_path: Path
) -> None:
    statuses = [
        send(incident_at(n, f"pull_{n}"), [receiver.url], tmp_path).status for n in range(3)
    ]
    assert statuses == ["sent", "held_back", "held_back"]
    assert [message["title"] for message in receiver.messages] == [
        "yandex_direct does not answer properly"
    ]


def test_tasks_failing_at_the_same_instant_give_one_message(
    receiver: Receiver, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(8) as pool:
        deliveries = list(
            pool.map(lambda n: send(incident_at(0, str(n)), [receiver.url], tmp_path), range(8))
        )
    assert [d.status for d in deliveries].count("sent") == 1
    assert len(receiver.messages) == 1


def test_after_the_quiet_time_the_message_says_since_when_and_how_often(
    receiver: Receiver, tmp_path: Path
) -> None:
    for minutes in (0, 10, 20):
        send(incident_at(minutes), [receiver.url], tmp_path)
    later = incident_at(QUIET / timedelta(minutes=1) + 1)
    assert send(later, [receiver.url], tmp_path).status == "sent"
    assert "Since: 2026-01-02 03:04 UTC, 2 more failures" in receiver.messages[1]["message"]


def test_a_failure_long_after_the_last_one_is_a_new_outage(
    receiver: Receiver, tmp_path: Path
) -> None:
    send(incident_at(0), [receiver.url], tmp_path)
    send(incident_at(60 * 24 * 7), [receiver.url], tmp_path)
    assert "Since: 2026-01-09 03:04 UTC\n" in receiver.messages[1]["message"]


def test_an_undelivered_message_is_tried_again_at_the_next_failure(
    receiver: Receiver, tmp_path: Path
) -> None:
    receiver.status = 500
    assert send(incident_at(0), [receiver.url], tmp_path).status == "failed"
    receiver.status = 200
    assert send(incident_at(1), [receiver.url], tmp_path).status == "sent"


def test_a_dead_channel_neither_raises_nor_logs_its_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    urls = [
        "json://bot:pa55word@127.0.0.1:9/hook-of-a-secret-kind",
        "tgram://123456789:AAabcdefghijklmnopqrstuvwxyz123456",
        "nonsense://pa55word",
        "pa55word",
    ]
    delivery = send(incident_at(), urls[:1] + urls[2:], tmp_path)
    assert delivery.status == "failed"
    assert delivery.failed == ("json", "nonsense", "?")
    for secret in ("pa55word", "hook-of-a-secret-kind", "AAabcdef"):
        assert secret not in caplog.text
        assert secret not in repr(delivery)
    assert "alert not delivered through json://" in caplog.text


def test_one_dead_channel_does_not_stop_the_other(receiver: Receiver, tmp_path: Path) -> None:
    delivery = send(incident_at(), ["json://127.0.0.1:9/", receiver.url], tmp_path)
    assert (delivery.status, delivery.delivered, delivery.failed) == ("sent", 1, ("json",))
    assert len(receiver.messages) == 1


def test_without_channels_the_incident_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert send(incident_at(), [], tmp_path).status == "no_channels"
    assert "HTTP 503" in caplog.text


def test_an_unusable_state_folder_does_not_silence_the_alert(
    receiver: Receiver, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "alerts"
    in_the_way.write_text("a file where the folder should be")
    assert send(incident_at(), [receiver.url], in_the_way).status == "sent"


def test_a_damaged_state_file_does_not_silence_the_alert(
    receiver: Receiver, tmp_path: Path
) -> None:
    (tmp_path / f"{incident_at().root_cause_key}.json").write_text('{"since": 1')
    assert send(incident_at(), [receiver.url], tmp_path).status == "sent"
