"""How records are shown: the properties asked for, their history, their associations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from include.sandbox.vendors.hubspot.book import Book
from include.sandbox.vendors.hubspot.object_types import ObjectType, association_name, find_type
from include.sandbox.vendors.hubspot.pipelines import user_of
from include.sandbox.vendors.hubspot.questions import Wanted
from include.sandbox.vendors.hubspot.record import Change, Record, spell_instant


def show_record(book: Book, kind: ObjectType, record: Record, wanted: Wanted) -> dict[str, Any]:
    """One object; names of properties that do not exist are left out silently."""
    always = (*kind.defaults, kind.created, kind.modified, "hs_object_id")
    names = dict.fromkeys(wanted.properties or always)
    names |= dict.fromkeys((kind.created, kind.modified, "hs_object_id"))
    folded = {name.lower() for name in names}
    shown: dict[str, Any] = {
        "id": str(record.id),
        "properties": {
            name: value for name, value in sorted(record.properties.items()) if name in folded
        },
        "createdAt": spell_instant(record.created_at),
        "updatedAt": spell_instant(record.updated_at),
        "archived": record.archived_at is not None,
    }
    if wanted.history:
        shown["propertiesWithHistory"] = {
            name: [_show_change(change) for change in _changes(record, name)]
            for name in wanted.history
            if name in record.properties
        }
    if record.archived_at is not None:
        shown["archivedAt"] = spell_instant(record.archived_at)
    associations = _show_associations(book, kind, record, wanted.associations)
    if associations:
        shown["associations"] = associations
    return shown


def _changes(record: Record, name: str) -> Sequence[Change]:
    if name in record.history:
        return record.history[name]
    value = record.properties[name]
    return [] if value is None else [Change(value, record.created_at, 0)]


def _show_change(change: Change) -> dict[str, Any]:
    shown: dict[str, Any] = {"value": change.value, "timestamp": spell_instant(change.at)}
    if not change.owner_id:
        return {**shown, "sourceType": "INTEGRATION", "sourceId": "1001"}
    user = user_of(change.owner_id)
    return {
        **shown,
        "sourceType": "CRM_UI",
        "sourceId": f"userId:{user}",
        "updatedByUserId": user,
    }


def _show_associations(
    book: Book, kind: ObjectType, record: Record, targets: Iterable[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in targets:
        target = find_type(word)
        ids = book.linked(kind.plural, record.id, target.plural)
        if ids:
            name = association_name(kind, target)
            results = [{"id": str(one), "type": name} for one in ids]
            found[target.label] = {"results": results}
    return found


def make_page(
    results: Sequence[Any],
    after: str | None,
    address: str,
    asked: Iterable[tuple[str, str]] = (),
) -> dict[str, Any]:
    """A page of results; ``paging`` is there only when another one follows.

    Its link repeats what was ``asked`` beside the cursor, so a reader that follows links alone
    reads the same list.
    """
    page: dict[str, Any] = {"results": list(results)}
    if after is not None:
        kept = [(name, value) for name, value in asked if name != "after"]
        link = f"{address}?{urlencode([*kept, ('after', after)], safe=',')}"
        page["paging"] = {"next": {"after": after, "link": link}}
    return page
