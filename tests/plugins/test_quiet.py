"""The debounce: a build waits for the last of several sources, but not for ever."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from throughline import quiet

pytestmark = pytest.mark.airflow


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited for in place."""
    pauses: list[float] = []
    monkeypatch.setattr(quiet.time, "sleep", pauses.append)
    return pauses


def _missing(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
    answers = list(seconds)

    @contextlib.contextmanager
    def open_workshop(tell: Any) -> Iterator[Any]:
        yield SimpleNamespace(client=None)

    monkeypatch.setattr(quiet, "open_workshop", open_workshop)
    monkeypatch.setattr(quiet, "seconds_until_quiet", lambda client, debounce: answers.pop(0))


def _operator() -> quiet.WaitForQuiet:
    return quiet.WaitForQuiet(task_id="wait_for_quiet")


def test_a_quiet_log_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, slept: list[float]) -> None:
    _missing(monkeypatch, 0.0)
    _operator().execute({})
    assert slept == []


def test_a_moment_is_waited_for_in_place_until_it_is_really_quiet(
    monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    _missing(monkeypatch, 3.0, 2.0, 0.0)
    _operator().execute({})
    assert slept == [3.0, 2.0]


def test_a_longer_wait_holds_no_worker(monkeypatch: pytest.MonkeyPatch, slept: list[float]) -> None:
    _missing(monkeypatch, 45.0, 0.0)
    operator = _operator()
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    assert slept == []
    getattr(operator, deferred.value.method_name)({}, event=None, **deferred.value.kwargs)


def test_a_source_that_never_falls_silent_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    _missing(monkeypatch, 45.0)
    since = datetime.now(UTC) - quiet.LONGEST - timedelta(seconds=1)
    _operator().look_again({}, event=None, waiting_since=since.isoformat())
    assert slept == []
