"""Contract → Great Expectations suite of one candidate.

Column types are not among the expectations: on ClickHouse the type expectations of Great
Expectations fail even for the right type, so :mod:`include.quality.validation` reads
``system.columns``. Importing Great Expectations costs seconds, hence the imports inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from include.contracts.ddl import quote_name
from include.contracts.model import Check, Table

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation

Resolve = Callable[[str], str]
"""Replaces, in one query, each table that has a candidate in this build by that candidate."""
_BIND_LIKE = re.compile(r"(?<![:\w\\]):(?=\w+(?!:))")


def build_suite(table: Table, candidate: str, resolve: Resolve) -> ExpectationSuite:
    """Every check of the contract as an expectation whose meta holds check id and severity."""
    import great_expectations as gx

    return gx.ExpectationSuite(
        name=candidate,
        expectations=[_expectation(table, check, candidate, resolve) for check in table.all_checks],
    )


def unexpected_rows_query(sql: str, candidate: str, resolve: Resolve) -> str:
    """The query of an ``unexpected_rows`` check as Great Expectations must be given it.

    It yields a constant per row, so that no value leaves the engine. Braces are doubled because
    Great Expectations formats the query (which must mention its batch: the comment does), colons
    escaped because SQLAlchemy takes ``:word`` for a parameter.
    """
    named = resolve(sql.replace("{table}", candidate)).strip().rstrip(";")
    escaped = _BIND_LIKE.sub(r"\\:", named.replace("{", "{{").replace("}", "}}"))
    return f"select /* {{batch}} */ 1 as unexpected from (\n{escaped}\n)"


def repeated_keys_query(grain: Sequence[str]) -> str:
    """Query of the keys that more than one row of ``{table}`` has.

    Hashes are grouped first: numbers take a quarter of the time of eleven columns of text. Keys
    whose hash repeats are then grouped themselves, so two of one hash are not taken for one.
    """
    names = ", ".join(quote_name(name) for name in grain)
    # Inside a tuple NULL has a hash of its own.
    key_hash = f"cityHash64(tuple({names}))"
    return (
        f"select {names} from {{table}} where {key_hash} in ("
        f"select {key_hash} as key_hash from {{table}} group by key_hash having count() > 1)"
        f" group by {names} having count() > 1"
    )


def _expectation(table: Table, check: Check, candidate: str, resolve: Resolve) -> Expectation:
    from include.quality import counted_expectations as counted

    common: dict[str, Any] = {
        "meta": {"check_id": check.id, "severity": check.severity, "table": table.full_name},
        "severity": "critical" if check.severity == "fail" else "warning",
    }
    if check.form == "unexpected_rows":
        query = unexpected_rows_query(check.arguments[0], candidate, resolve)
        return counted.ExpectNoRows(unexpected_rows_query=query, **common)
    if check.form == "grain":
        repeated = repeated_keys_query(check.arguments)
        query = unexpected_rows_query(repeated, candidate, lambda sql: sql)
        return counted.ExpectNoRows(unexpected_rows_query=query, **common)
    if check.form == "row_count_between":
        low, high = check.arguments
        return counted.ExpectRowCountBetween(min_value=low, max_value=high, **common)
    common["column"] = check.column
    if check.form == "not_null":
        return counted.ExpectCountedNotNull(**common)
    if check.form == "unique":
        return counted.ExpectCountedUnique(**common)
    if check.form == "between":
        low, high = check.arguments
        return counted.ExpectCountedBetween(min_value=low, max_value=high, **common)
    if check.form == "in":
        return counted.ExpectCountedInSet(value_set=list(check.arguments), **common)
    if check.form == "matches":
        return counted.ExpectCountedMatch(regex=check.arguments[0], **common)
    raise ValueError(f"{table.full_name}: no expectation stands for a check of form {check.form}")
