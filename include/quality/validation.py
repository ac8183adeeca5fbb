"""Checks candidates, never live tables, and says which promises they break.

Fails closed: an expectation that raises, that brings no result, or a table without any check
counts as failed. Results carry counts only: values, queries and messages of the engine stay out,
because a failing row may hold a phone number.
"""

from __future__ import annotations

import json
import logging
import queue
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.contracts.model import Check, Table
from include.quality.suites import Resolve, build_suite
from include.warehouse.client import ClickHouseTarget

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from include.quality.datasources import CandidateDatasource

AT_ONCE = 2
"""Tables checked side by side: while the engine counts for one, the other's checks are prepared."""
COLUMNS_CHECK = "columns_match_contract"
NOTHING_CHECK = "something_is_checked"
RESULTS_TABLE = "ops.validation_result"
_COUNTS = (
    "element_count",
    "unexpected_count",
    "unexpected_percent",
    "missing_count",
    "observed_value",
)
_SILENCED = ("great_expectations", "clickhouse_connect", "sqlalchemy")
_ENGINE_CODE = re.compile(r"[Cc]ode:? (\d{1,4})\b")


@dataclass(frozen=True)
class CheckResult:
    """What one check saw. ``observed`` is JSON of numbers (or of an error's class), no values.

    ``table`` is the name the candidate takes once published.
    """

    table: str
    check_id: str
    severity: str
    success: bool
    unexpected_count: int
    observed: str
    description: str


class QualityFailed(Exception):
    """A check of severity ``fail`` did not hold, or nothing was checked: do not publish."""


def validate(
    target: ClickHouseTarget, tables: Sequence[tuple[Table, str]], resolve: Resolve
) -> list[CheckResult]:
    """Run the suites of ``(contract, candidate's full name)`` pairs in one context.

    ``resolve`` is applied to the queries of ``unexpected_rows`` checks. Never raises for what a
    table holds or lacks: see :func:`require`.
    """
    if not tables:
        return []
    import great_expectations  # noqa: F401 - sets its own log level, so before silencing it

    from include.quality.datasources import open_datasources

    with _silence(), open_datasources(target, [name for _, name in tables], AT_ONCE) as opened:
        idle: queue.SimpleQueue[CandidateDatasource] = queue.SimpleQueue()
        for datasource in opened.datasources:
            idle.put(datasource)

        def check(table: Table, candidate: str) -> list[CheckResult]:
            datasource = idle.get()
            try:
                return [
                    _check_columns(table, opened.columns.get(candidate, {})),
                    *_check_rows(datasource, table, candidate, resolve),
                ]
            finally:
                idle.put(datasource)

        with ThreadPoolExecutor(AT_ONCE) as threads:
            found = threads.map(lambda pair: check(*pair), tables)
            return [result for results in found for result in results]


def require(results: Sequence[CheckResult]) -> None:
    """Raise :class:`QualityFailed` naming every failed check of severity ``fail``."""
    if not results:
        raise QualityFailed(
            "nothing was checked, so nothing may be published: the build made no candidate. "
            "Look at the build step before this one."
        )
    failed = [result for result in results if not result.success and result.severity == "fail"]
    if not failed:
        return
    lines = "\n".join(
        f"  - {result.table} {result.check_id}: {_count_words(result)}{result.observed}: "
        f"{result.description}"
        for result in failed
    )
    names = ", ".join(f"{result.table} {result.check_id}" for result in failed)
    raise QualityFailed(
        f"{len(failed)} of {len(results)} checks failed ({names}); nothing is published and "
        f"readers keep the former tables.\n{lines}\n"
        "What to do: the failing rows are in the candidates (`<table>__next`); read the check in "
        "the table's contract under sql/, look at those rows, then correct the source's data or "
        "the SQL. Change the contract only when its promise was wrong. Then build again."
    )


def store(client: Client, build_id: str, results: Sequence[CheckResult]) -> None:
    """Append ``results`` to ``ops.validation_result``, failed or not."""
    if not results:
        return
    now = datetime.now(UTC)
    client.insert(
        RESULTS_TABLE,
        [
            (
                build_id,
                result.table,
                result.check_id,
                result.severity,
                result.success,
                result.unexpected_count,
                result.observed,
                result.description,
                now,
            )
            for result in results
        ],
        column_names=(
            "build_id",
            "table_name",
            "check_id",
            "severity",
            "is_success",
            "unexpected_count",
            "observed",
            "description",
            "checked_at",
        ),
    )


def _check_rows(
    datasource: CandidateDatasource, table: Table, candidate: str, resolve: Resolve
) -> list[CheckResult]:
    checks = table.all_checks
    if not checks:
        return [_nothing_checked(table)]
    try:
        outcome = datasource.open_batch(candidate).validate(
            build_suite(table, candidate, resolve),
            result_format={
                "result_format": "BASIC",
                "partial_unexpected_count": 0,
                "exclude_unexpected_values": True,
            },
        )
    except Exception as error:
        # Fails closed: whatever went wrong, no check of this table has held. The message may
        # hold values, so only its class and the engine's code go on.
        return [_failed(table, check, _error_words(error)) for check in checks]
    seen = {item.expectation_config.meta["check_id"]: item for item in outcome.results}
    return [_read_result(table, check, seen.get(check.id)) for check in checks]


def _read_result(table: Table, check: Check, item: Any) -> CheckResult:
    if item is None:
        return _failed(table, check, {"error": "the check brought no result"})
    if raised := _raised(item.exception_info or {}):
        return _failed(table, check, raised)
    counts = {
        key: value
        for key, value in (item.result or {}).items()
        if key in _COUNTS and isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    if not counts:
        return _failed(table, check, {"error": "the check brought no count"})
    unexpected = counts.get("unexpected_count")
    if unexpected is None:
        unexpected = counts["observed_value"] if check.form in ("grain", "unexpected_rows") else 0
    return CheckResult(
        table=table.full_name,
        check_id=check.id,
        severity=check.severity,
        success=item.success is True,
        unexpected_count=int(unexpected),
        observed=json.dumps(counts, sort_keys=True),
        description=check.description,
    )


def _raised(info: Mapping[str, Any]) -> dict[str, Any] | None:
    """The error of one expectation; Great Expectations nests it by metric, or does not."""
    for entry in (info, *info.values()):
        if not isinstance(entry, Mapping) or not entry.get("raised_exception"):
            continue
        words = f"{entry.get('exception_traceback')} {entry.get('exception_message')}"
        return {"error": "the check could not run"} | _engine_code(words)
    return None


def _error_words(error: Exception) -> dict[str, Any]:
    return {"error": type(error).__name__} | _engine_code(str(error))


def _engine_code(words: str) -> dict[str, int]:
    match = _ENGINE_CODE.search(words)
    return {"clickhouse_code": int(match[1])} if match else {}


def _failed(table: Table, check: Check, words: Mapping[str, Any]) -> CheckResult:
    return CheckResult(
        table=table.full_name,
        check_id=check.id,
        severity=check.severity,
        success=False,
        unexpected_count=0,
        observed=json.dumps(words, sort_keys=True),
        description=check.description,
    )


def _nothing_checked(table: Table) -> CheckResult:
    check = Check(
        NOTHING_CHECK, "", "Nothing was checked: state a grain or checks in the contract."
    )
    return _failed(table, check, {"checks": 0})


def _check_columns(table: Table, stored: Mapping[str, str]) -> CheckResult:
    """Names and types of the candidate equal the contract's."""
    check = Check(COLUMNS_CHECK, "", "Columns and their types are those of the contract.")
    if not stored:
        return _failed(table, check, {"error": "the candidate does not exist", "columns": 0})
    wanted = {column.name: column.parsed_type.canonical for column in table.columns}
    differing = {name for name, _ in stored.items() ^ wanted.items()}
    return CheckResult(
        table=table.full_name,
        check_id=COLUMNS_CHECK,
        severity="fail",
        success=not differing,
        unexpected_count=len(differing),
        observed=json.dumps({"columns": len(stored), "differing": len(differing)}),
        description=check.description
        + (f" Differing: {', '.join(sorted(differing))}." if differing else ""),
    )


def _count_words(result: CheckResult) -> str:
    return f"{result.unexpected_count} unexpected, " if result.unexpected_count else ""


@contextmanager
def _silence() -> Iterator[None]:
    """Keep libraries from logging failing queries and values while checks run."""
    loggers = [logging.getLogger(name) for name in _SILENCED]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
