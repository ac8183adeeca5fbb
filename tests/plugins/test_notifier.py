"""A failed task becomes one incident that names the error itself, not Airflow's wrapper."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.alerts.incident import Incident
from include.connectors.protocol import AccessDenied
from throughline import notifier

pytestmark = pytest.mark.airflow


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Incident]:
    """Incidents that were handed to the channels."""
    incidents: list[Incident] = []
    monkeypatch.setenv("THROUGHLINE_HOME", str(tmp_path))
    monkeypatch.setattr(notifier, "alert_urls", lambda: ["json://127.0.0.1:1/"])
    monkeypatch.setattr(notifier, "send", lambda incident, *_, **__: incidents.append(incident))
    return incidents


def _context(error: BaseException | None) -> dict[str, Any]:
    task = SimpleNamespace(dag_id="ingest_toy", task_id="pull", run_id="manual", log_url="")
    return {"ti": task, "exception": error, "params": {}}


def _wrapped(cause: Exception) -> AirflowFailException:
    try:
        raise AirflowFailException(f"{type(cause).__name__}: {cause}") from cause
    except AirflowFailException as wrapper:
        return wrapper


def test_the_connectors_error_is_told_and_its_secret_is_not(sent: list[Incident]) -> None:
    cause = AccessDenied("the token was revoked; Authorization: Bearer y0_AgAAAABkXyZ123456789")
    notifier.AlertNotifier().notify(_context(_wrapped(cause)))
    (incident,) = sent
    assert incident.error_classes[0] == "AccessDenied"
    assert "the token was revoked" in incident.error_line
    assert "y0_AgAAAABkXyZ123456789" not in incident.error_line
    assert (incident.dag_id, incident.task_id) == ("ingest_toy", "pull")


def test_a_task_that_ended_without_an_error_is_told_too(sent: list[Incident]) -> None:
    notifier.AlertNotifier().notify(_context(None))
    assert "without an error" in sent[0].error_line


def test_an_unreachable_warehouse_does_not_silence_the_alert(
    sent: list[Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> Any:
        raise ConnectionError("no ClickHouse")

    monkeypatch.setattr(notifier, "open_workshop", refuse)
    notifier.AlertNotifier("toy").notify(_context(AccessDenied("revoked")))
    assert len(sent) == 1
    assert sent[0].stale == ()
