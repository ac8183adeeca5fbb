"""Paths of the API → rows, with pages, expansion and single objects."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from include.sandbox.vendors.moysklad import reports
from include.sandbox.vendors.moysklad.cards import render_cards, render_states
from include.sandbox.vendors.moysklad.errors import ApiError
from include.sandbox.vendors.moysklad.ledger import Document, Ledger, read_ledger
from include.sandbox.vendors.moysklad.papers import (
    PAPERS,
    paper_id,
    render_paper,
    render_positions,
)
from include.sandbox.vendors.moysklad.query import (
    keep_rows,
    order_rows,
    read_conditions,
    read_window,
    search_rows,
)
from include.sandbox.vendors.moysklad.wording import Links, Row
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

LONGEST_EXPANDED_PAGE = 100
DEEPEST_EXPANSION = 3
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
REPORTS: dict[str, tuple[str, Callable[[reports.Asked], list[Row]]]] = {
    "stock/all": ("stock", reports.report_stock),
    "stock/bystore": ("stockbystore", reports.report_stock_by_store),
    "profit/byproduct": ("salesbyproduct", reports.report_profit),
    "turnover/all": ("turnover", reports.report_turnover),
}
QUEUED_LISTS = ("counterparty", "assortment")
_INDEXES: WorldMemo[dict[str, Document]] = WorldMemo()
_RENDERED: WorldMemo[_Rendered] = WorldMemo()


@dataclass(frozen=True)
class Question:
    """One request, read; ``filters`` are all parameters of that name."""

    world: World
    now: datetime
    links: Links
    parameters: dict[str, str]
    filters: list[str]
    sees_reports: bool = True
    edited: Mapping[str, datetime] = field(default_factory=dict)
    is_whole: bool = False
    """Without pages, as asynchronous results are."""


def answer(path: str, question: Question) -> Any:
    """The body for a path below ``/api/remap/1.2/``."""
    head, _, rest = path.partition("/")
    if head == "report":
        return _serve_report(rest, question)
    if head == "entity" and rest:
        return _serve_entity(rest, question)
    if path == "context/employee":
        return _rows_of("employee", question)[0]
    raise ApiError(404, 1002, f"/{path}")


def can_queue(path: str) -> bool:
    """Whether ``async=true`` is understood there."""
    head, _, rest = path.partition("/")
    return (head == "report" and rest in REPORTS and not rest.startswith("turnover")) or (
        head == "entity" and rest in QUEUED_LISTS
    )


def _serve_report(name: str, q: Question) -> Any:
    if not q.sees_reports:
        raise ApiError(403, 1016)
    asked = reports.Asked(
        read_ledger(q.world), q.now, q.links, read_conditions(q.filters), q.parameters
    )
    if name in ("stock/all/current", "stock/bystore/current"):
        return reports.report_current(asked, by_store="bystore" in name)
    if name not in REPORTS:
        raise ApiError(404, 1002, f"/report/{name}")
    kind, make = REPORTS[name]
    return _envelope(make(asked), f"report/{name}", kind, q)


def _serve_entity(rest: str, q: Question) -> Any:
    kind, *tail = rest.strip("/").split("/")
    if tail and tail[0] == "metadata":
        return _serve_metadata(kind, tail[1:], q)
    if not tail:
        rows, conditions = _rows_of(kind, q), read_conditions(q.filters)
        foreign = "archived" if kind in PAPERS else "isDeleted"
        if any(condition.field == foreign for condition in conditions):
            raise ApiError(412, 1034, f"поле '{foreign}' не для '{kind}'", "filter")
        rows = keep_rows(rows, conditions)
        rows = search_rows(rows, q.parameters.get("search", ""))
        rows = order_rows(rows, q.parameters.get("order", ""))
        return _envelope(rows, f"entity/{kind}", kind, q)
    if not UUID.fullmatch(tail[0]):
        raise ApiError(400, 1000, tail[0])
    if len(tail) == 2 and tail[1] == "positions" and kind in PAPERS:
        document = _find_paper(kind, tail[0], q)
        rows = render_positions(document, q.now, q.links)
        return _envelope(rows, f"entity/{kind}/{tail[0]}/positions", f"{kind}position", q)
    if len(tail) > 1:
        raise ApiError(404, 1002, f"/entity/{rest}")
    (row,) = _expand([_find_row(kind, tail[0], q)], q)
    return row


def _serve_metadata(kind: str, tail: list[str], q: Question) -> Any:
    _rows_of(kind, q)
    states = render_states(q.links) if kind == "customerorder" else []
    if not tail:
        meta = q.links.meta(f"entity/{kind}/metadata", "metadata")
        return {**meta, "states": states, "createShared": False}
    if tail[0] == "states" and len(tail) == 2:
        for state in states:
            if state["id"] == tail[1]:
                return state
    raise ApiError(404, 1021, "/".join(tail))


@dataclass
class _Rendered:
    """The rows of one kind as they were last asked for, behind what they were made of."""

    last: tuple[tuple[Any, ...], list[Row]] = ((), [])


def _rows_of(kind: str, q: Question) -> list[Row]:
    """All rows of an entity known by now, deleted ones too; 404/1005 for an unknown one.

    They are shared by all answers of this moment: whoever changes one copies it first.
    """
    ledger = read_ledger(q.world)
    edits = tuple((key, at) for key, at in q.edited.items() if at <= q.now)
    made_of = (bisect.bisect_right(ledger.turns, q.now), q.links.api, q.sees_reports, edits)
    kept = _RENDERED.get(q.world, kind, _Rendered)
    if kept.last[0] != made_of:
        kept.last = (made_of, _render(kind, ledger, q))
    return kept.last[1]


def _render(kind: str, ledger: Ledger, q: Question) -> list[Row]:
    if kind in PAPERS:
        return [
            render_paper(document, q.now, q.links, q.edited)
            for document in ledger.documents[kind]
            if document.at <= q.now
        ]
    rows = render_cards(kind, ledger, q.now, q.links)
    if rows is None:
        raise ApiError(404, 1005, f"'{kind}'")
    if not q.sees_reports:
        rows = [{name: value for name, value in row.items() if name != "buyPrice"} for row in rows]
    return rows


def _find_row(kind: str, number: str, q: Question) -> Row:
    if kind in PAPERS:
        return render_paper(_find_paper(kind, number, q), q.now, q.links, q.edited)
    for row in _rows_of(kind, q):
        if row["id"] == number:
            return dict(row)
    raise ApiError(404, 1021, f"{kind} {number}")


def _find_paper(kind: str, number: str, q: Question) -> Document:
    ledger = read_ledger(q.world)
    index = _INDEXES.get(
        q.world, kind, lambda: {paper_id(document): document for document in ledger.documents[kind]}
    )
    document = index.get(number)
    if document is None or document.at > q.now:
        raise ApiError(404, 1021, f"{kind} {number}")
    return document


def _envelope(rows: list[Row], path: str, kind: str, q: Question) -> Row:
    """One page; beyond 100 rows a page ``expand`` is ignored without a word."""
    limit, offset = read_window(q.parameters.get("limit"), q.parameters.get("offset"))
    if q.is_whole:
        limit, offset = max(len(rows), 1), 0
    href = f"{q.links.api}/{path}"
    meta: Row = {"href": href, "type": kind, "mediaType": "application/json", "size": len(rows)}
    if not q.is_whole:
        meta |= {"limit": limit, "offset": offset}
    kept = {n: v for n, v in q.parameters.items() if n not in ("limit", "offset", "filter")}

    def link(begin: int) -> str:
        pairs = [*kept.items(), *(("filter", text) for text in q.filters)]
        return f"{href}?{urlencode([*pairs, ('limit', limit), ('offset', begin)])}"

    if offset + limit < len(rows):
        meta["nextHref"] = link(offset + limit)
    if offset > 0:
        meta["previousHref"] = link(max(offset - limit, 0))
    page = [dict(row) for row in rows[offset : offset + limit]]
    if limit <= LONGEST_EXPANDED_PAGE and not path.startswith("report/"):
        page = _expand(page, q)
    return {"context": q.links.context(), "meta": meta, "rows": page}


def _expand(rows: list[Row], q: Question) -> list[Row]:
    """``expand=agent,positions.assortment``: links are replaced by what they link to."""
    paths = [path.strip().split(".") for path in q.parameters.get("expand", "").split(",")]
    paths = [path[:DEEPEST_EXPANSION] for path in paths if path != [""]]
    cards: dict[str, dict[str, Row]] = {}
    for row in rows:
        for path in paths:
            _expand_path(row, path, q, cards)
    return rows


def _expand_path(row: Row, path: list[str], q: Question, cards: dict[str, dict[str, Row]]) -> None:
    value = row.get(path[0])
    if not isinstance(value, dict) or "meta" not in value:
        return
    _, kind, *tail = value["meta"]["href"].removeprefix(f"{q.links.api}/").split("/")
    if path[0] == "positions":
        if "rows" not in value:
            positions = render_positions(_find_paper(kind, tail[0], q), q.now, q.links)
            value = row["positions"] = {**value, "rows": positions}
        below: list[Row] = value["rows"]
    else:
        found = _resolve(kind, tail, q, cards)
        if found is None:
            return
        row[path[0]] = found
        below = [found]
    if path[1:]:
        for each in below:
            _expand_path(each, path[1:], q, cards)


def _resolve(
    kind: str, tail: list[str], q: Question, cards: dict[str, dict[str, Row]]
) -> Row | None:
    """The linked row, a copy of its own; ``cards`` keeps what was rendered for this answer."""
    if tail[0] == "metadata":
        return next((row for row in render_states(q.links) if row["id"] == tail[-1]), None)
    if kind in PAPERS:
        return render_paper(_find_paper(kind, tail[0], q), q.now, q.links, q.edited)
    if kind not in cards:
        cards[kind] = {row["id"]: row for row in _rows_of(kind, q)}
    found = cards[kind].get(tail[0])
    return None if found is None else dict(found)
