"""The forms a check may take, and how each is written.

Column checks: ``not_null``, ``unique``, ``{between: [low, high]}`` (inclusive, null = open),
``{in: [a, b]}``, ``{matches: 're'}``; a mapping may add ``severity: warn``. NULL passes every
column check but ``not_null``. Table checks are ``unexpected_rows`` and ``row_count_between``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from include.contracts.fields import Fields
from include.contracts.model import Check, Column, suggest
from include.contracts.yaml_nodes import Located

BARE_FORMS = ("not_null", "unique")
ARGUMENT_FORMS = ("between", "in", "matches")
TABLE_FORMS = ("unexpected_rows", "row_count_between")
SEVERITIES = ("fail", "warn")
_ID = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_EXAMPLES = "not_null, unique, {between: [0, null]}, {in: [a, b]}, {matches: '^re$'}"


def grain_check(grain: list[str]) -> Check:
    """The check every built table has without asking: its grain identifies a row."""
    return Check(
        id="grain_is_unique",
        form="grain",
        description=f"One row per {', '.join(grain)}.",
        arguments=tuple(grain),
    )


def column_checks(entry: Fields, column: Column) -> tuple[Check, ...]:
    """Read ``checks`` of one column; refused ones are left out."""
    found: dict[str, Check] = {}
    for item in entry.items("checks"):
        check = _column_check(entry, column, item)
        if check is None:
            continue
        if check.id in found:
            _refuse(
                entry, item, f"the check {check.form} of {column.name} stands twice", "keep one"
            )
        found[check.id] = check
    return tuple(found.values())


def _refuse(entry: Fields, item: Located, what: str, cure: str) -> None:
    Fields(Located({}, item.line), entry.path, entry.problems, "a check").refuse("", what, cure)


def _column_check(entry: Fields, column: Column, item: Located) -> Check | None:
    value = item.plain()
    if isinstance(value, str) and value in BARE_FORMS:
        return _check(column, value, "fail", ())
    if not isinstance(value, dict):
        near = suggest(str(value), BARE_FORMS + ARGUMENT_FORMS)
        _refuse(
            entry,
            item,
            f"{column.name} has a check of unknown form: {value}{near}",
            f"known forms: {_EXAMPLES}",
        )
        return None
    severity = value.pop("severity", "fail")
    if severity not in SEVERITIES:
        _refuse(entry, item, f"severity is {severity}", "write fail or warn")
        return None
    form = next(iter(value), "")
    if len(value) != 1 or form not in BARE_FORMS + ARGUMENT_FORMS:
        near = suggest(str(form), BARE_FORMS + ARGUMENT_FORMS)
        _refuse(
            entry,
            item,
            f"{column.name} has a check of unknown form: {', '.join(map(str, value))}{near}",
            f"known forms: {_EXAMPLES}; severity may stand beside one form",
        )
        return None
    if form in BARE_FORMS:
        return _check(column, form, severity, ())
    arguments = _arguments(form, value[form])
    if problem := _argument_problem(form, arguments, column):
        _refuse(entry, item, f"the check {form} of {column.name} {problem[0]}", problem[1])
        return None
    return _check(column, form, severity, arguments)


def _check(column: Column, form: str, severity: Any, arguments: tuple[Any, ...]) -> Check:
    said = {
        "not_null": "is never NULL",
        "unique": "never repeats",
        "between": "stays between {} and {}",
        "in": "is one of the listed values",
        "matches": "has the stated form",
    }[form]
    bounds = ["any" if bound is None else bound for bound in arguments]
    return Check(
        id=f"{column.name}_{form}",
        form=form,
        description=f"{column.name} {said.format(*bounds)}.",
        severity=severity,
        column=column.name,
        arguments=arguments,
    )


def _arguments(form: str, value: Any) -> tuple[Any, ...]:
    if form == "matches":
        return (value,)
    return tuple(value) if isinstance(value, list) else ()


def _argument_problem(
    form: str, arguments: tuple[Any, ...], column: Column
) -> tuple[str, str] | None:
    kind = column.parsed_type
    if form == "between":
        if not _is_range(arguments):
            return "has no [low, high]", "write {between: [0, null]}, low not above high"
        if kind.is_text or kind.bare.name in ("Map", "Array", "UUID", "Bool"):
            return f"meets the type {kind.canonical}", "between is for numbers, days and instants"
    if form == "in":
        if not arguments:
            return "lists no values", "write {in: [a, b]}"
        if kind.is_text and not all(isinstance(item, str) for item in arguments):
            return "lists values that are not text", "quote them: yes, no, on and 1 are not texts"
        if kind.is_number and not all(_is_number(item) for item in arguments):
            return "lists values that are not numbers", "list numbers only"
    if form == "matches":
        if not kind.is_text:
            return f"meets the type {kind.canonical}", "matches is for text columns"
        try:
            re.compile(arguments[0])
        except (re.error, TypeError) as error:
            return f"has no valid pattern: {error}", "write an RE2 pattern in single quotes"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _is_range(bounds: tuple[Any, ...]) -> bool:
    if len(bounds) != 2 or bounds == (None, None):
        return False
    if any(isinstance(bound, (str, bool, list, dict)) for bound in bounds):
        return False
    low, high = bounds
    try:
        return low is None or high is None or low <= high
    except TypeError:
        return False


def table_checks(fields: Fields, columns: list[str]) -> tuple[Check, ...]:
    """Read ``checks`` of the table; refused ones are left out."""
    found: dict[str, Check] = {}
    taken = {"grain_is_unique"} | {
        f"{column}_{form}" for column in columns for form in BARE_FORMS + ARGUMENT_FORMS
    }
    for item in fields.items("checks"):
        entry = Fields(item, fields.path, fields.problems, "a check")
        if not entry.is_mapping:
            continue
        entry.refuse_unknown(("id", "description", "severity", *TABLE_FORMS))
        check = _table_check(entry)
        if check is None:
            continue
        if check.id in found or check.id in taken:
            entry.refuse("id", f"the check id {check.id} is taken", "give each check its own id")
        found[check.id] = check
    return tuple(found.values())


def _table_check(entry: Fields) -> Check | None:
    identifier = entry.text("id", required=True)
    if identifier and not _ID.fullmatch(identifier):
        entry.refuse("id", f"the check id is {identifier}", "write a sentence in snake_case")
    severity: Any = entry.choice("severity", SEVERITIES, required=True)
    forms = [form for form in TABLE_FORMS if entry.has(form)]
    if len(forms) != 1:
        entry.refuse(
            "id",
            f"the check {identifier} has {'no form' if not forms else 'two forms'}",
            "state one of unexpected_rows: select … from {table} where …, "
            "or row_count_between: [1, null]",
        )
        return None
    form = forms[0]
    description = entry.text("description", required=form == "unexpected_rows", of=identifier)
    arguments: tuple[Any, ...]
    if form == "unexpected_rows":
        sql = entry.text(form)
        if "{table}" not in sql:
            entry.refuse(
                form,
                f"the query of {identifier} does not mention {{table}}",
                "read from {table}: only so is the candidate checked, not the live table",
            )
            return None
        arguments = (sql,)
    else:
        value = entry.value(form)
        arguments = tuple(value) if isinstance(value, list) else ()
        if not _is_range(arguments) or not all(
            bound is None or (isinstance(bound, int) and bound >= 0) for bound in arguments
        ):
            entry.refuse(
                form, f"{form} of {identifier} is {value}", "write [1, null], whole numbers"
            )
            return None
        low, high = ("any" if bound is None else bound for bound in arguments)
        description = description or f"The table has between {low} and {high} rows."
    return Check(identifier, form, description, severity or "fail", None, arguments)
