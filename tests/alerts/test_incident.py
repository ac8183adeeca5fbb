"""Which failures are one trouble, and that an incident holds nothing that must not be told."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from include.alerts.causes import CAUSES, UNEXPECTED, find_cause
from include.alerts.incident import Incident, StaleMart, describe_incident
from include.alerts.message import write_message
from include.connectors import protocol

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


def incident_of(error: BaseException | str, **fields: object) -> Incident:
    """An incident of the Direct ingest, any field replaced."""
    known = {
        "dag_id": "ingest_yandex_direct",
        "task_id": "pull",
        "occurred_at": NOW,
        "source": "yandex_direct",
        "account": "demo",
    }
    return describe_incident(error, **(known | fields))


def test_three_accounts_of_a_dead_source_are_one_trouble() -> None:
    keys = {
        incident_of(
            protocol.TemporaryFailure(f"HTTP 503 after {n} tries"), account=f"a{n}"
        ).root_cause_key
        for n in range(3)
    }
    assert len(keys) == 1


def test_two_dead_sources_are_two_troubles() -> None:
    error = protocol.TemporaryFailure("HTTP 503")
    assert (
        incident_of(error).root_cause_key != incident_of(error, source="calltouch").root_cause_key
    )


def test_refused_credentials_are_a_trouble_of_each_account() -> None:
    error = protocol.AccessDenied("error 53")
    assert incident_of(error).root_cause_key != incident_of(error, account="b").root_cause_key


def test_a_dead_warehouse_is_one_trouble_for_every_dag() -> None:
    from clickhouse_connect.driver.exceptions import OperationalError

    error = OperationalError("connection refused")
    assert (
        incident_of(error).root_cause_key
        == incident_of(error, dag_id="build", source="", account="").root_cause_key
    )


def test_no_error_class_has_two_causes() -> None:
    names = [name for cause in CAUSES for name in cause.error_classes]
    assert len(names) == len(set(names))


def test_airflows_own_database_is_not_taken_for_the_warehouse() -> None:
    from sqlalchemy.exc import OperationalError

    assert incident_of(OperationalError("select 1", {}, Exception())).cause is UNEXPECTED


def test_the_same_bug_with_other_figures_is_one_trouble() -> None:
    one = incident_of(ValueError("row 12 of load 20260102T030400000000-aaaaaaaa is short"))
    two = incident_of(ValueError("row 977 of load 20260102T030500000000-bbbbbbbb is short"))
    other = incident_of(ValueError("a column is missing"))
    assert one.root_cause_key == two.root_cause_key != other.root_cause_key


def test_a_subclass_and_a_chained_cause_are_recognised() -> None:
    class QuotaSpent(protocol.TemporaryFailure):
        pass

    assert incident_of(QuotaSpent("152")).cause.name == "source_unreachable"
    try:
        raise RuntimeError("do not retry") from protocol.AccessDenied("error 53")
    except RuntimeError as wrapped:
        incident = incident_of(wrapped)
    assert incident.cause.name == "access_denied"
    assert (incident.error_class, incident.error_line) == ("AccessDenied", "error 53")


def test_our_own_error_is_told_rather_than_the_drivers_beneath_it() -> None:
    try:
        raise protocol.TemporaryFailure("three slices failed") from OSError("[Errno 104] reset")
    except protocol.TemporaryFailure as ours:
        assert incident_of(ours).error_line == "three slices failed"


def test_every_error_a_connector_may_raise_has_a_cause_of_its_own() -> None:
    kinds = [
        name
        for name, kind in vars(protocol).items()
        if isinstance(kind, type)
        and issubclass(kind, protocol.ConnectorError)
        and kind is not protocol.ConnectorError
    ]
    assert kinds
    nameless = [name for name in kinds if find_cause([name]) is UNEXPECTED]
    assert not nameless, f"add {nameless} to a cause in include/alerts/causes.py"


def test_every_cause_has_its_section_in_the_runbook() -> None:
    sections = set(re.findall(r"^#+ (\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.M))
    missing = {cause.name for cause in CAUSES} - sections
    assert not missing, f"write a section in docs/runbook.md for {sorted(missing)}"


def test_the_runbook_link_points_at_the_section_of_the_cause() -> None:
    incident = incident_of(
        protocol.BadInput("no column phone"), runbook_url="https://example.org/runbook.md"
    )
    assert incident.runbook_url == "https://example.org/runbook.md#bad_input"


def test_an_incident_holds_no_secret_or_personal_value() -> None:
    incident = incident_of(
        RuntimeError("token=abcd1234 of ivan@example.ru, +7 999 123-45-67\nsecond line"),
        account="ivan@example.ru",
        log_url="http://admin:admin1@127.0.0.1:8080/log",
    )
    shown = repr(incident) + str(write_message(incident, NOW))
    for value in ("abcd1234", "ivan@example.ru", "123-45-67", "admin1", "second line"):
        assert value not in shown


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        incident_of("gone", occurred_at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_message_says_what_since_when_what_is_stale_and_what_to_do() -> None:
    incident = incident_of(
        protocol.TemporaryFailure("HTTP 503 from api.direct.yandex.com after 5 tries"),
        interval="[2026-01-01, 2026-01-02)",
        log_url="http://127.0.0.1:8080/log/1",
        runbook_url="docs/runbook.md",
        stale=[
            StaleMart("mart.mart_channel_performance_daily", date(2025, 12, 31)),
            StaleMart("mart.mart_funnel_cohort_daily"),
        ],
    )
    message = write_message(incident, NOW)
    assert message.title == "yandex_direct does not answer properly"
    assert message.body.splitlines() == [
        "What: ingest_yandex_direct.pull, account demo, [2026-01-01, 2026-01-02)",
        "Since: 2026-01-02 03:04 UTC",
        "Error: TemporaryFailure: HTTP 503 from api.direct.yandex.com after 5 tries",
        "Stale: mart.mart_channel_performance_daily (complete through 2025-12-31), "
        "mart.mart_funnel_cohort_daily (no data from it yet)",
        "Do: Retries are used up; the next run catches up by itself. Act if it lasts a day.",
        "Log: http://127.0.0.1:8080/log/1",
        "Runbook: docs/runbook.md#source_unreachable",
    ]


def test_a_failed_build_says_that_readers_keep_what_was_published() -> None:
    failed = incident_of(ValueError("x"), source="", account="", dag_id="build")
    assert "Stale: every mart stays as last published" in write_message(failed, NOW).body


def test_a_message_fits_a_phone_however_much_is_stale() -> None:
    stale = [StaleMart(f"mart.mart_{n}") for n in range(40)]
    message = write_message(incident_of(RuntimeError("x" * 5000), stale=stale), NOW)
    assert "and 36 more" in message.body
    assert len(message.body) < 900
