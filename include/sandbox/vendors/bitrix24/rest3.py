"""REST 3.0 (``/rest/api/``): the second generation, which knows few methods of a CRM.

JSON bodies only, nothing in the query string, rows under ``items``, errors as an object with a code
and a message. It knows the tasks; leads and deals stay with the classic methods. Codes of refusals
that the vendor's pages do not name are unconfirmed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from include.sandbox.vendors.bitrix24.conditions import comparable
from include.sandbox.vendors.bitrix24.errors import ApiError

PAGE_SIZE = 50
SORTABLE = frozenset(
    {"id", "title", "creatorId", "created", "responsibleId", "deadline", "status", "changed"}
)
STATUS_WORDS = {"2": "pending", "3": "in_progress", "5": "completed"}
PREFIX = "BITRIX_REST_V3_EXCEPTION_"
Row = Mapping[str, Any]
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, bound: value == bound,
    "!=": lambda value, bound: value != bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
}


class Refusal(Exception):
    """One error of REST 3.0."""

    def __init__(self, code: str, message: str, status: int = 400, field: str = "") -> None:
        self.code = code if code.isupper() and code.startswith(PREFIX) else PREFIX + code
        self.message = message
        self.status = status
        self.field = field
        super().__init__(message)

    def body(self) -> dict[str, Any]:
        """The body of the answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field:
            error["validation"] = [{"message": self.message, "field": self.field}]
        return {"error": error}


def wrap_refusal(error: ApiError) -> dict[str, Any]:
    """A refusal of the whole portal (limits, who may call) in the envelope of REST 3.0."""
    return {"error": {"code": str(error.code), "message": error.description}}


def read_body(content_type: str, query: str, body: bytes) -> dict[str, Any]:
    """The parameters of a request, which may only be a JSON object in the body."""
    if query:
        raise Refusal("INVALIDREQUESTEXCEPTION", "Parameters are taken from the body only")
    if body and content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal("INVALIDJSONEXCEPTION", "The body must be application/json")
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        raise Refusal("INVALIDJSONEXCEPTION", "The body is no valid JSON") from None
    if not isinstance(document, dict):
        raise Refusal("INVALIDJSONEXCEPTION", "The body must be an object")
    return document


def task_rows(tasks: Sequence[Row]) -> list[dict[str, Any]]:
    """Tasks as REST 3.0 spells them: numbers for ids, words for states, nulls where empty."""
    return [
        {
            "id": int(row["ID"]),
            "title": row["TITLE"],
            "description": row["DESCRIPTION"],
            "creatorId": int(row["CREATED_BY"]),
            "created": row["CREATED_DATE"],
            "responsibleId": int(row["RESPONSIBLE_ID"]),
            "deadline": row["DEADLINE"],
            "status": STATUS_WORDS[row["STATUS"]],
            "changed": row["CHANGED_DATE"],
            "closed": row["CLOSED_DATE"],
            "crmItemIds": row["UF_CRM_TASK"],
        }
        for row in tasks
    ]


def list_tasks(rows: Sequence[Row], document: Mapping[str, Any]) -> dict[str, Any]:
    """``tasks.task.list``: only ids unless more is selected; filtered by id alone."""
    test = _make_test(document.get("filter") or [])
    found = [row for row in rows if test(row)]
    order = document.get("order") or {"id": "ASC"}
    for name, direction in reversed(list(order.items())):
        if name not in SORTABLE or str(direction).upper() not in ("ASC", "DESC"):
            raise Refusal("INVALIDORDEREXCEPTION", f"Unknown order `{json.dumps(order)}`")
        found.sort(
            key=lambda row, name=name: (row[name] is not None, row[name]),
            reverse=str(direction).upper() == "DESC",
        )
    first, most = _read_pagination(document.get("pagination") or {})
    names = document.get("select") or ["id"]
    return {"items": [_select(row, names) for row in found[first : first + most]]}


def get_task(rows: Sequence[Row], document: Mapping[str, Any]) -> dict[str, Any]:
    """``tasks.task.get``."""
    number = document.get("id")
    if number is None:
        message = "The required field `id` is missing"
        raise Refusal("VALIDATION_REQUESTVALIDATIONEXCEPTION", message, field="id")
    for row in rows:
        if str(row["id"]) == str(number):
            return {"item": _select(row, document.get("select") or list(row))}
    raise Refusal("ENTITYNOTFOUNDEXCEPTION", f"Task `{number}` was not found", 404)


def describe_methods() -> dict[str, Any]:
    """``documentation``: the methods there are, as OpenAPI names them."""
    return {
        "openapi": "3.0.0",
        "info": {"title": "Bitrix24 REST V3 API", "version": "3.0.0"},
        "paths": {f"/{name}": {"post": {}} for name in ("tasks.task.get", "tasks.task.list")},
    }


def _select(row: Row, names: Sequence[str]) -> dict[str, Any]:
    for name in names:
        if name not in row:
            message = f"Unknown field `{name}` of the entity `TaskDto`"
            raise Refusal("UNKNOWNDTOPROPERTYEXCEPTION", message)
    return {"id": row["id"], **{name: row[name] for name in names}}


def _read_pagination(pagination: Mapping[str, Any]) -> tuple[int, int]:
    try:
        most = int(pagination.get("limit", PAGE_SIZE))
        first = int(pagination.get("offset", 0))
        if "page" in pagination:
            first = (int(pagination["page"]) - 1) * most
    except (TypeError, ValueError):
        most, first = 0, 0
    if most < 1 or first < 0:
        text = json.dumps(pagination)
        raise Refusal("INVALIDPAGINATIONEXCEPTION", f"Unknown pagination `{text}`")
    return first, most


def _make_test(conditions: Any) -> Callable[[Row], bool]:
    if not isinstance(conditions, list):
        raise Refusal("INVALIDFILTEREXCEPTION", "The filter must be a list of conditions")
    tests = [_make_condition(one) for one in conditions]
    return lambda row: all(test(row) for test in tests)


def _make_condition(one: Any) -> Callable[[Row], bool]:
    if isinstance(one, dict):
        tests = [_make_condition(inner) for inner in one.get("conditions") or []]
        unite = any if str(one.get("logic", "and")).lower() == "or" else all
        return lambda row: unite(test(row) for test in tests)
    if not isinstance(one, list) or len(one) not in (2, 3):
        raise Refusal("INVALIDFILTEREXCEPTION", "A condition is a field, an operator and a value")
    name, bound = str(one[0]), one[-1]
    operator = str(one[1]) if len(one) == 3 else ("in" if isinstance(bound, list) else "=")
    if name != "id":
        message = f"The field `{name}` of `TaskDto` needs the attribute `Filterable`"
        raise Refusal("VALIDATION_REQUESTVALIDATIONEXCEPTION", message, field=name)
    bounds = [comparable(value) for value in (bound if isinstance(bound, list) else [bound])]
    if operator == "in":
        return lambda row: comparable(row[name]) in bounds
    if operator == "between" and len(bounds) == 2:
        return lambda row: bounds[0] <= comparable(row[name]) <= bounds[1]
    if operator not in COMPARISONS:
        raise Refusal("INVALIDFILTEREXCEPTION", f"Unknown operator `{operator}`")
    compare = COMPARISONS[operator]
    return lambda row: compare(comparable(row[name]), bounds[0])
