"""What a call asks for: its parameters checked, and rows filtered, sorted and cut by them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.uis.errors import RpcError
from include.sandbox.vendors.uis.fields import (
    LISTS,
    OBJECTS,
    REPORTS,
    TIMES,
    default_fields,
    known_fields,
)

MOST_OFFSET = 100_000
MOST_LIMIT, DEFAULT_LIMIT = 10_000, 1_000
LONGEST_PERIOD = timedelta(days=92)
DEEPEST_FILTER = 3
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
BY_TIME = (("start_time", False), ("id", False))
NO_PERIOD = frozenset({"get.chat_messages_report"})
EXTRA = {
    "get.calls_report": {"include_ongoing_calls"},
    "get.chat_messages_report": {"chat_id", "chat"},
    "get.campaign_daily_stat": {"site_id"},
}
CHAT_NAMES = ("chat_id", "chat")
"""Both spellings of a chat's parameter are in use by clients."""

Row = dict[str, Any]
Test = Callable[[Any, Any], bool]

OPERATORS: Mapping[str, Test] = {
    "=": lambda value, wanted: value == wanted,
    "!=": lambda value, wanted: value != wanted,
    "<": lambda value, wanted: value is not None and value < wanted,
    ">": lambda value, wanted: value is not None and value > wanted,
    "<=": lambda value, wanted: value is not None and value <= wanted,
    ">=": lambda value, wanted: value is not None and value >= wanted,
    "like": lambda value, wanted: _is_like(str(value or ""), str(wanted)),
    "regexp": lambda value, wanted: re.search(str(wanted), str(value or "")) is not None,
    "in": lambda value, wanted: value in wanted,
    "jsquery": lambda value, wanted: str(wanted) in str(value),
}


@dataclass(frozen=True)
class Query:
    """A call as understood; times are naive, in the account's zone."""

    method: str
    fields: tuple[str, ...]
    offset: int
    limit: int
    filter: Mapping[str, Any] | None
    sort: tuple[tuple[str, bool], ...]
    date_from: datetime | None
    date_till: datetime | None
    params: Mapping[str, Any]

    def select(self, rows: Sequence[Row]) -> tuple[list[Row], int]:
        """The asked page of the rows, all fields of it, and how many there are in all.

        Rows come by time and number, so that this order costs nothing.
        """
        kept = rows if self.filter is None else [r for r in rows if _passes(r, self.filter)]
        is_sorted = self.sort in (BY_TIME, BY_TIME[:1]) and self.method == "get.calls_report"
        for field, is_descending in () if is_sorted else reversed(self.sort):
            kept = sorted(
                kept,
                key=lambda row, name=field: (row.get(name) is not None, row.get(name)),
                reverse=is_descending,
            )
        return list(kept[self.offset : self.offset + self.limit]), len(kept)


def read_query(
    method: str,
    params: Mapping[str, Any],
    disabled: frozenset[str],
    unsortable: frozenset[str] = frozenset(),
) -> Query:
    """Check every parameter of a reading method; ``disabled`` fields belong to parts switched off.

    ``unsortable`` are refused as a sort key beside lists and objects.

    Raises the mnemonics of the group -32602 and ``parameter_component_disabled``.
    """
    is_report = method in REPORTS and method not in NO_PERIOD
    known = {"access_token", "user_id", "offset", "limit", "filter", "sort", "fields"}
    known |= EXTRA.get(method, set()) | ({"date_from", "date_till"} if is_report else set())
    for name in params:
        if name not in known:
            raise RpcError(
                "unexpected_parameters", f"Unexpected parameter {name}", name, params[name]
            )
    for name in ("date_from", "date_till") if is_report else ():
        if params.get(name) is None:
            raise RpcError("required_parameter_missed", f"Parameter {name} is required", name)
    if method in NO_PERIOD and not any(params.get(name) for name in CHAT_NAMES):
        raise RpcError("required_parameter_missed", "Parameter chat_id is required", "chat_id")
    begin = _read_time(params, "date_from") if is_report else None
    end = _read_time(params, "date_till") if is_report else None
    if begin is not None and end is not None:
        if begin > end:
            raise RpcError(
                "invalid_parameters_combination", "date_from is after date_till", "date_from"
            )
        if end - begin > LONGEST_PERIOD:
            raise RpcError(
                "date_interval_limit_reached", "The interval is over 3 months", "date_from"
            )
    if not isinstance(params.get("include_ongoing_calls", False), bool):
        name = "include_ongoing_calls"
        raise RpcError("data_type_error", f"{name} must be a boolean", name, params[name])
    fields = _read_fields(method, params, disabled)
    return Query(
        method,
        fields,
        _read_number(params, "offset", 0, MOST_OFFSET, 0),
        _read_number(params, "limit", DEFAULT_LIMIT, MOST_LIMIT, 1),
        _check_filter(method, params.get("filter"), 1),
        _read_sort(method, params.get("sort"), LISTS | OBJECTS | unsortable),
        begin,
        end,
        params,
    )


def _read_time(params: Mapping[str, Any], name: str) -> datetime:
    value = params[name]
    if not isinstance(value, str):
        raise RpcError("data_type_error", f"{name} must be a string", name, value)
    try:
        return datetime.strptime(value, TIME_FORMAT)  # noqa: DTZ007 the account's zone applies
    except ValueError:
        raise RpcError("invalid_parameter_value", f"{name} is no time", name, value) from None


def _read_number(params: Mapping[str, Any], name: str, default: int, most: int, least: int) -> int:
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RpcError("data_type_error", f"{name} must be a number", name, value)
    if not least <= value <= most:
        raise RpcError("invalid_parameter_value", f"{name} is over {most}", name, value)
    return value


def _read_fields(
    method: str, params: Mapping[str, Any], disabled: frozenset[str]
) -> tuple[str, ...]:
    asked = params.get("fields")
    if asked is None:
        return tuple(f for f in default_fields(method) if f not in disabled)
    if not isinstance(asked, list):
        raise RpcError("data_type_error", "fields must be an array", "fields", asked)
    for field in asked:
        if field not in known_fields(method):
            raise RpcError("invalid_parameter_value", f"Unknown field {field}", "fields", field)
        if field in disabled:
            raise RpcError(
                "parameter_component_disabled", f"The component of {field} is off", "fields", field
            )
    return tuple(asked)


def _read_sort(method: str, asked: Any, unsortable: frozenset[str]) -> tuple[tuple[str, bool], ...]:
    if asked is None:
        return ()
    if not isinstance(asked, list) or not all(isinstance(key, dict) for key in asked):
        raise RpcError("data_type_error", "sort must be an array", "sort", asked)
    keys = []
    for key in asked:
        field, order = key.get("field"), key.get("order", "asc")
        if field not in known_fields(method) or order not in ("asc", "desc"):
            raise RpcError("invalid_parameter_value", "Cannot sort so", "sort", key)
        if field in unsortable:
            raise RpcError("sort_prohibited", f"Sorting by {field} is prohibited", "sort", field)
        keys.append((field, order == "desc"))
    return tuple(keys)


def _check_filter(method: str, asked: Any, depth: int) -> Mapping[str, Any] | None:
    if asked is None:
        return None
    if not isinstance(asked, dict):
        raise RpcError("data_type_error", "filter must be an object", "filter", asked)
    if "filters" in asked:
        if depth > DEEPEST_FILTER or asked.get("condition", "and") not in ("and", "or"):
            raise RpcError("invalid_parameter_value", "Wrong tree of filters", "filter", asked)
        if not isinstance(asked["filters"], list):
            raise RpcError("data_type_error", "filters must be an array", "filter", asked)
        for part in asked["filters"]:
            _check_filter(method, part, depth + 1)
        return asked
    field, operator = asked.get("field"), asked.get("operator")
    is_known = field in known_fields(method) and operator in tuple(OPERATORS)
    if not is_known or "value" not in asked:
        raise RpcError("invalid_parameter_value", "Wrong filter", "filter", asked)
    if field in TIMES:
        raise RpcError("filter_prohibited", f"Filtering by {field} is prohibited", "filter", field)
    if operator == "in" and not isinstance(asked["value"], list):
        raise RpcError("data_type_error", "in needs an array", "filter", asked["value"])
    return asked


def _passes(row: Row, condition: Mapping[str, Any]) -> bool:
    if "filters" in condition:
        together = all if condition.get("condition", "and") == "and" else any
        return together(_passes(row, part) for part in condition["filters"])
    try:
        return OPERATORS[condition["operator"]](row.get(condition["field"]), condition["value"])
    except (TypeError, re.error):
        raise RpcError(
            "invalid_parameter_value", "The value has another type", "filter", condition["value"]
        ) from None


def _is_like(text: str, pattern: str) -> bool:
    escaped = re.escape(pattern).replace("%", ".*").replace("_", ".")
    return re.fullmatch(escaped, text) is not None
