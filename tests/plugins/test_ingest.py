"""The ingest task: defers with tokens alone, resumes by the same call, fails when hopeless."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from include.connectors.protocol import (
    AccessDenied,
    Account,
    BadInput,
    Interval,
    RequestRefused,
    TemporaryFailure,
)
from include.ingestion.account_run import Done, Waiting
from include.ingestion.report import IngestReport
from include.ingestion.sources import AccountEntry
from throughline import ingest

pytestmark = pytest.mark.airflow

SECRET = "y0_very_secret"
RUN_AFTER = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Arguments of each call of ``run_account``, which answers from ``outcomes``."""
    seen: list[dict[str, Any]] = []
    entry = AccountEntry(Account("files", "one"), "some_connection")
    with_secret = Account("files", "one", credentials={"token": SECRET})
    shop = SimpleNamespace(client=None)

    class Shop:
        def __enter__(self) -> Any:
            return shop

        def __exit__(self, *error: object) -> None:
            return None

    monkeypatch.setattr(ingest, "require_account", lambda source, name: entry)
    monkeypatch.setattr(ingest, "with_credentials", lambda _: with_secret)
    monkeypatch.setattr(ingest, "find_connector", lambda _: lambda account, now, host: account)
    monkeypatch.setattr(ingest, "open_workshop", lambda tell: Shop())
    monkeypatch.setattr(ingest, "open_landing", lambda: None)
    return seen


def _answer(monkeypatch: pytest.MonkeyPatch, seen: list[dict[str, Any]], *outcomes: Any) -> None:
    queue = list(outcomes)

    def run_account(connector: Any, landing: Any, client: Any, window: Any, **named: Any) -> Any:
        seen.append({"connector": connector, "window": window, **named})
        outcome = queue.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(ingest, "run_account", run_account)


def _context(**params: Any) -> Any:
    return {
        "params": params,
        "run_id": "manual__1",
        "dag_run": SimpleNamespace(run_after=RUN_AFTER),
    }


def _operator() -> ingest.IngestAccount:
    return ingest.IngestAccount(task_id="pull", source="files", account="one")


def _done() -> Done:
    return Done(IngestReport("manual__1", "files", "one", RUN_AFTER))


def test_a_waiting_vendor_is_waited_for_with_names_and_tokens_alone(
    monkeypatch: pytest.MonkeyPatch, calls: list[dict[str, Any]]
) -> None:
    _answer(monkeypatch, calls, Waiting(7.0, ({"report": "r1"},)))
    with pytest.raises(TaskDeferred) as deferred:
        _operator().execute(_context())
    path, arguments = deferred.value.trigger.serialize()
    assert path == "throughline.triggers.VendorReady"
    assert arguments == {
        "source": "files", "account": "one", "tokens": [{"report": "r1"}], "seconds": 7.0,
    }  # fmt: skip
    assert SECRET not in json.dumps(arguments)


def test_a_woken_task_goes_on_by_the_same_call(
    monkeypatch: pytest.MonkeyPatch, calls: list[dict[str, Any]]
) -> None:
    _answer(monkeypatch, calls, Waiting(1.0, ({"report": "r1"},)), _done())
    operator, context = _operator(), _context()
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    result = getattr(operator, deferred.value.method_name)(context, event={"reason": "ready"})
    assert result["is_changed"] is False
    first, second = calls
    assert (first["run_id"], first["account"]) == (second["run_id"], second["account"])
    assert SECRET not in json.dumps(result)


@pytest.mark.parametrize("hopeless", [AccessDenied, RequestRefused, BadInput])
def test_what_no_retry_can_mend_fails_at_once_with_its_own_words(
    monkeypatch: pytest.MonkeyPatch, calls: list[dict[str, Any]], hopeless: type[Exception]
) -> None:
    _answer(monkeypatch, calls, hopeless("renew the token"))
    with pytest.raises(AirflowFailException, match=f"{hopeless.__name__}: renew the token") as told:
        _operator().execute(_context())
    assert isinstance(told.value.__cause__, hopeless)
    advises = "make check-source NAME=files/one" in str(told.value)
    assert advises == (hopeless is AccessDenied)


def test_a_temporary_failure_is_left_to_the_retries(
    monkeypatch: pytest.MonkeyPatch, calls: list[dict[str, Any]]
) -> None:
    _answer(monkeypatch, calls, TemporaryFailure("503"))
    with pytest.raises(TemporaryFailure):
        _operator().execute(_context())


def test_a_backfill_asks_for_exactly_its_days(
    monkeypatch: pytest.MonkeyPatch, calls: list[dict[str, Any]]
) -> None:
    _answer(monkeypatch, calls, _done())
    _operator().execute(_context(date_from="2024-01-01", date_to="2026-01-01"))
    assert calls[0]["window"] == Interval(date(2024, 1, 1), date(2026, 1, 1))


@pytest.mark.parametrize(
    "params",
    [
        {"date_from": "2026-01-01"},
        {"date_to": "2026-01-01"},
        {"date_from": "2026-01-02", "date_to": "2026-01-02"},
        {"date_from": "yesterday", "date_to": "2026-01-02"},
        {"date_from": 20260101, "date_to": 20260102},
    ],
)
def test_half_a_backfill_is_refused(params: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="date_from"):
        ingest.requested_window(params)


def test_nothing_later_than_the_run_was_due_is_planned(
    monkeypatch: pytest.MonkeyPatch, calls: list[dict[str, Any]]
) -> None:
    _answer(monkeypatch, calls, _done())
    _operator().execute(_context())
    assert calls[0]["now"]() == RUN_AFTER


def test_the_data_interval_caps_the_plan_where_there_is_one() -> None:
    end = datetime(2026, 3, 1, tzinfo=UTC)
    assert ingest.latest_instant({**_context(), "data_interval_end": end}) == end


class _Judge:
    dag_id, run_id = "ingest_files", "manual__1"

    def __init__(self, states: dict[str, str]) -> None:
        self._states = states

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        return {run_ids[0]: self._states}


def test_one_failed_account_fails_the_run() -> None:
    states = {"choose_accounts": "success", "pull_0": "success", "pull_1": "failed"}
    with pytest.raises(AirflowFailException, match="pull_1"):
        ingest.require_all_pulled(_Judge(states))


def test_a_run_without_changes_is_no_failure() -> None:
    ingest.require_all_pulled(_Judge({"pull_0": "success", "announce": "skipped"}))
