"""The endpoints of objects: list, one, batch read and search.

Each gives an HTTP status and a body. Lists go by id with the last one as cursor; a search goes by
offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import QueryParams

from include.sandbox.vendors.hubspot.book import Book
from include.sandbox.vendors.hubspot.errors import ApiError
from include.sandbox.vendors.hubspot.object_types import ObjectType
from include.sandbox.vendors.hubspot.presentation import make_page, show_record
from include.sandbox.vendors.hubspot.questions import (
    HISTORY_PAGE_MOST,
    PAGE_MOST,
    Wanted,
    read_flag,
    read_limit,
    read_number,
    read_wanted,
    refuse_input,
)
from include.sandbox.vendors.hubspot.record import Record, spell_instant
from include.sandbox.vendors.hubspot.search import search_records

MULTI_STATUS = 207
Reply = tuple[int, dict[str, Any] | list[Any]]


def list_objects(book: Book, kind: ObjectType, query: QueryParams, address: str) -> Reply:
    """A page of the living records, or of the archived ones."""
    wanted = read_wanted(query)
    limit = read_limit(query.get("limit"), HISTORY_PAGE_MOST if wanted.history else PAGE_MOST)
    after = read_number(query.get("after") or 0, "after")
    is_archived = read_flag(query, "archived")
    page: list[Record] = []
    for record in book.records(kind.plural).values():
        if record.id > after and (record.archived_at is not None) == is_archived:
            page.append(record)
            if len(page) > limit:
                break
    cursor = str(page[limit - 1].id) if len(page) > limit else None
    shown = [show_record(book, kind, record, wanted) for record in page[:limit]]
    return 200, make_page(shown, cursor, address, query.multi_items())


def get_object(book: Book, kind: ObjectType, word: str, query: QueryParams) -> Reply:
    """One record by its id, by an id merged into it, or by another property."""
    record = _look_up(book, kind, word, query.get("idProperty"))
    if record is None or (record.archived_at is not None) != read_flag(query, "archived"):
        raise ApiError("OBJECT_NOT_FOUND")
    return 200, show_record(book, kind, record, read_wanted(query))


def read_batch(
    book: Book, kind: ObjectType, document: Mapping[str, Any], query: QueryParams
) -> Reply:
    """Up to 100 records by id; 207 when some are not there."""
    wanted = Wanted(
        [str(name) for name in document.get("properties") or []],
        [str(name) for name in document.get("propertiesWithHistory") or []],
    )
    inputs = document.get("inputs")
    if not isinstance(inputs, list):
        raise refuse_input("inputs must be a list")
    most = HISTORY_PAGE_MOST if wanted.history else PAGE_MOST
    if len(inputs) > most:
        raise refuse_input(f"A batch has at most {most} inputs, but there were {len(inputs)}")
    is_archived = read_flag(query, "archived")
    found: dict[int, Record] = {}
    missing: list[str] = []
    for one in inputs:
        word = str(one.get("id", "")) if isinstance(one, dict) else ""
        record = _look_up(book, kind, word, document.get("idProperty"))
        if record is None or (record.archived_at is not None) != is_archived:
            missing.append(word)
        else:
            found[record.id] = record
    errors = []
    if missing:
        text = f"Could not get some {kind.plural} objects, they may be deleted or not exist."
        errors.append(make_error("OBJECT_NOT_FOUND", text, {"ids": missing}))
    return make_batch(
        book, [show_record(book, kind, one, wanted) for one in found.values()], errors
    )


def make_error(
    category: str, message: str, context: Mapping[str, list[str]], subcategory: str | None = None
) -> dict[str, Any]:
    """One error inside an answer of status 207."""
    error: dict[str, Any] = {
        "status": "error",
        "category": category,
        "message": message,
        "context": dict(context),
        "errors": [],
        "links": {},
    }
    return error | {"subCategory": subcategory} if subcategory else error


def make_batch(book: Book, results: list[Any], errors: list[dict[str, Any]]) -> Reply:
    """The body of a batch read, with the errors of what could not be read."""
    now = spell_instant(book.now)
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": now,
        "completedAt": now,
    }
    if not errors:
        return 200, body
    return MULTI_STATUS, body | {"numErrors": len(errors), "errors": errors}


def search_objects(book: Book, kind: ObjectType, document: Mapping[str, Any]) -> Reply:
    """A page of a search."""
    records = list(book.records(kind.plural).values())
    page, total, after = search_records(records, kind, document)
    wanted = Wanted([str(name) for name in document.get("properties") or []])
    shown = [show_record(book, kind, record, wanted) for record in page]
    body: dict[str, Any] = {"total": total, "results": shown}
    if after is not None:
        body["paging"] = {"next": {"after": after}}
    return 200, body


def _look_up(book: Book, kind: ObjectType, word: str, id_property: str | None) -> Record | None:
    if not id_property or id_property == "hs_object_id":
        return book.find(kind.plural, int(word)) if word.isdigit() else None
    for record in book.records(kind.plural).values():
        value = record.properties.get(id_property)
        if value is not None and value.casefold() == word.casefold():
            return record
    return None
