"""The endpoints of associations, versions 3 and 4.

A batch read answers 207 where a record is associated with nothing: silence would look like a
record that was never asked for. A record with more associations than a batch shows says where the
next ones begin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import QueryParams

from include.sandbox.vendors.hubspot.book import Book
from include.sandbox.vendors.hubspot.errors import ApiError
from include.sandbox.vendors.hubspot.object_types import (
    ASSOCIATION_NUMBERS,
    ObjectType,
    association_name,
)
from include.sandbox.vendors.hubspot.objects import Reply, make_batch, make_error
from include.sandbox.vendors.hubspot.presentation import make_page
from include.sandbox.vendors.hubspot.questions import read_limit, read_number, refuse_input

BATCH_MOST = 1000
PAGE_MOST = 500


def read_association_batch(
    book: Book,
    source: ObjectType,
    target: ObjectType,
    document: Mapping[str, Any],
    version: int,
    most: int = PAGE_MOST,
) -> Reply:
    """What up to 1,000 records are associated with."""
    inputs = document.get("inputs")
    if not isinstance(inputs, list):
        raise refuse_input("inputs must be a list")
    if len(inputs) > BATCH_MOST:
        raise refuse_input(f"A batch has at most {BATCH_MOST} inputs, but there were {len(inputs)}")
    results, errors = [], []
    for one in inputs:
        word = str(one.get("id", "")) if isinstance(one, dict) else ""
        ids = book.linked(source.plural, int(word), target.plural) if word.isdigit() else []
        if ids:
            shown = sorted(ids)[:most] if len(ids) > most else ids
            found = [_show(source, target, number, version) for number in shown]
            result: dict[str, Any] = {"from": {"id": word}, "to": found}
            if len(ids) > most:
                result["paging"] = {"next": {"after": str(shown[-1])}}
            results.append(result)
        else:
            text = f"No {target.singular} is associated with {source.singular} {word}."
            context = {"fromObjectId": [word]}
            subcategory = "crm.associations.NO_ASSOCIATIONS_FOUND"
            errors.append(make_error("OBJECT_NOT_FOUND", text, context, subcategory))
    return make_batch(book, results, errors)


def list_associations(
    book: Book,
    source: ObjectType,
    target: ObjectType,
    word: str,
    query: QueryParams,
    version: int,
    address: str,
) -> Reply:
    """What one record is associated with, page by page."""
    record = book.find(source.plural, int(word)) if word.isdigit() else None
    if record is None:
        raise ApiError("OBJECT_NOT_FOUND")
    limit = read_limit(query.get("limit"), PAGE_MOST, PAGE_MOST)
    after = read_number(query.get("after") or 0, "after")
    ids = sorted(book.linked(source.plural, record.id, target.plural))
    left = [one for one in ids if one > after]
    cursor = str(left[limit - 1]) if len(left) > limit else None
    shown = [_show(source, target, number, version) for number in left[:limit]]
    return 200, make_page(shown, cursor, address, query.multi_items())


def list_labels(source: ObjectType, target: ObjectType) -> Reply:
    """The kinds of association between two object types."""
    return 200, {"results": [_type_of(source, target)]}


def _type_of(source: ObjectType, target: ObjectType) -> dict[str, Any]:
    number = ASSOCIATION_NUMBERS.get((source.plural, target.plural))
    if number is None:
        text = f"{source.plural} are not associated with {target.plural}"
        raise ApiError("VALIDATION_ERROR", text)
    return {"category": "HUBSPOT_DEFINED", "typeId": number, "label": None}


def _show(source: ObjectType, target: ObjectType, number: int, version: int) -> dict[str, Any]:
    if version == 3:
        return {"id": str(number), "type": association_name(source, target)}
    return {"toObjectId": number, "associationTypes": [_type_of(source, target)]}
