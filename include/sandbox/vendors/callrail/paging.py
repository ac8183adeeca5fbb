"""Sorting, field selection and the three ways to walk a list: page numbers, a cursor, Link."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import JSONResponse

from include.sandbox.vendors.callrail.errors import ApiError

DEFAULT_PER_PAGE = 100
MOST_PER_PAGE = 250
Row = Mapping[str, Any]


def read_count(params: Mapping[str, str], name: str, default: int) -> int:
    """A positive whole number of the query, else 400."""
    text = params.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise ApiError(400, f"Invalid {name}: {text}")
    return int(text)


def read_per_page(params: Mapping[str, str], is_clamped: bool) -> int:
    """Rows of a page; more than the vendor gives is refused, or cut where ``is_clamped``."""
    per_page = read_count(params, "per_page", DEFAULT_PER_PAGE)
    if per_page > MOST_PER_PAGE and not is_clamped:
        raise ApiError(400, f"per_page must be less than or equal to {MOST_PER_PAGE}")
    return min(per_page, MOST_PER_PAGE)


def sort_rows(
    rows: Sequence[Row], params: Mapping[str, str], allowed: Sequence[str], default: str
) -> list[Row]:
    """Rows ordered by ``sort`` and ``order``, ties by id; newest first where nothing is said."""
    key = params.get("sort") or default
    if key not in allowed:
        raise ApiError(400, f"Invalid sort: {key}")
    order = params.get("order") or ("asc" if params.get("sort") else "desc")
    if order not in ("asc", "desc"):
        raise ApiError(400, f"Invalid order: {order}")

    def rank(row: Row) -> tuple[bool, Any, str]:
        value = row.get(key)
        if value is not None and key.endswith(("_at", "_time")):
            # offsets change with daylight saving, so the text itself is in no order
            value = datetime.fromisoformat(value)
        return (value is not None, value if value is not None else "", str(row["id"]))

    return sorted(rows, key=rank, reverse=order == "desc")


def read_fields(asked: str, known: Container[str]) -> list[str]:
    """The names of the comma list ``asked``; 400 for one the vendor does not know."""
    names = [name.strip() for name in asked.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ApiError(400, f"Invalid fields: {', '.join(unknown)}")
    return names


def select_fields(rows: Sequence[Row], defaults: Sequence[str], asked: str) -> list[Row]:
    """Default fields plus those of the comma list ``asked``; 400 for one no row has."""
    if not rows:
        return []
    extra = read_fields(asked, rows[0])
    names = sorted({*defaults, *extra})
    return [{name: row[name] for name in names} for row in rows]


def _encode(row: Row) -> str:
    return base64.urlsafe_b64encode(json.dumps([row["id"]]).encode()).decode()


def _decode(offset: str) -> str:
    try:
        return str(json.loads(base64.urlsafe_b64decode(offset))[0])
    except (binascii.Error, ValueError, IndexError, TypeError):
        raise ApiError(400, f"Invalid offset: {offset}") from None


def _with_link(body: dict[str, Any], following: URL | None) -> JSONResponse:
    headers = {} if following is None else {"Link": f'<{following}>; rel="next"'}
    return JSONResponse(body, headers=headers)


def keep_row(row: Row) -> Row:
    """The row as it is."""
    return row


def answer_page(
    request: Request,
    key: str,
    rows: Sequence[Row],
    defaults: Sequence[str] | None = None,
    clamp: bool = False,
    spoil: Callable[[Row], Row] = keep_row,
) -> JSONResponse:
    """One page of sorted ``rows`` under ``key``; a page beyond the last is empty, not an error.

    Only calls are walked by a cursor where that is asked for. ``spoil`` has the last word about
    every row shown.
    """
    params = request.query_params
    per_page = read_per_page(params, clamp)
    is_relative = key == "calls" and params.get("relative_pagination") == "true"
    following: URL | None = None
    if is_relative:
        start = 0
        if params.get("offset"):
            after = _decode(params["offset"])
            start = next((n + 1 for n, row in enumerate(rows) if row["id"] == after), len(rows))
        shown = list(rows[start : start + per_page])
        if start + per_page < len(rows):
            following = request.url.include_query_params(offset=_encode(shown[-1]))
        body: dict[str, Any] = {
            "per_page": per_page,
            "has_next_page": following is not None,
            "next_page": None if following is None else str(following),
            "offset": _encode(shown[-1]) if shown else None,
        }
    else:
        page = read_count(params, "page", 1)
        shown = list(rows[(page - 1) * per_page : page * per_page])
        pages = -(-len(rows) // per_page)
        if page < pages:
            following = request.url.include_query_params(page=page + 1)
        body = {
            "page": page,
            "per_page": per_page,
            "total_pages": pages,
            "total_records": len(rows),
        }
    if defaults is not None:
        shown = select_fields(shown, defaults, params.get("fields", ""))
    return _with_link({**body, key: [spoil(row) for row in shown]}, following)
