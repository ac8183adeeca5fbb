"""Pages of searches and lists of one portal, walked to their proven end.

A search stops at 10,000 rows whatever it finds, so it goes on by object id within a fixed window of
changes. A list goes on by the vendor's cursor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from include.connectors._change_windows import ChangeWindow
from include.connectors._records import Record
from include.connectors.hubspot.client import Client
from include.connectors.hubspot.objects import ObjectKind
from include.connectors.protocol import IncompleteAnswer, RequestRefused

SEARCH_ROWS = 200
LIST_ROWS = 100


def walk_search(
    client: Client, kind: ObjectKind, window: ChangeWindow, names: Sequence[str]
) -> Iterator[list[Record]]:
    """Pages in order of ids; proven by the search's own total."""
    total, answer = _first_page(client, kind, window, names)
    read, last = 0, 0
    while answer["results"]:
        page = [row for row in answer["results"] if _number(row) > last]
        if page:
            last = _number(page[-1])
            read += len(page)
            yield page
        if not page or int(answer["total"]) <= len(answer["results"]):
            break
        answer = client.search(kind.plural, _question(kind, window, names, last))
    if read == total:
        return
    again = int(client.search(kind.plural, _question(kind, window, (), 0, 1))["total"])
    if not min(total, again) <= read <= max(total, again):
        raise IncompleteAnswer(
            f"HubSpot gave {read} {kind.plural} and counts {again}; nothing of them is kept, "
            "ask again later"
        )


def _first_page(
    client: Client, kind: ObjectKind, window: ChangeWindow, names: Sequence[str]
) -> tuple[int, dict[str, Any]]:
    """The first page and the total; nothing at all is asked for twice."""
    question = _question(kind, window, names, 0)
    answer = client.search(kind.plural, question)
    if not answer["results"]:
        answer = client.search(kind.plural, question)
    return int(answer["total"]), answer


def count_all(client: Client, kind: ObjectKind) -> int:
    """How many objects of a type the search index holds."""
    return int(client.search(kind.plural, {"filterGroups": [], "limit": 1})["total"])


def walk_list(client: Client, kind: ObjectKind, query: Mapping[str, Any]) -> Iterator[list[Record]]:
    """Every page of a list, by the vendor's cursor."""
    after: dict[str, str] = {}
    path = f"crm/v3/objects/{kind.plural}"
    while True:
        answer = client.get(path, limit=LIST_ROWS, **query, **after)
        yield answer["results"]
        following = (answer.get("paging") or {}).get("next")
        if not following:
            return
        if following["after"] == after.get("after"):
            raise IncompleteAnswer(
                f"HubSpot's list of {kind.plural} does not move forward; ask again later"
            )
        after = {"after": following["after"]}


def _number(row: Record) -> int:
    if "id" not in row:
        raise RequestRefused(
            "objects of HubSpot no longer have an id: the vendor's API has changed; compare its "
            "changelog with the connector"
        )
    return int(row["id"])


def _question(
    kind: ObjectKind,
    window: ChangeWindow,
    names: Sequence[str],
    after: int,
    limit: int = SEARCH_ROWS,
) -> dict[str, Any]:
    """A search within the window beyond an id; filters want instants as epoch milliseconds."""
    bounds = (("GTE", window.changed_from), ("LT", window.changed_to))
    filters = [
        {
            "propertyName": kind.modified,
            "operator": operator,
            "value": str(int(instant.timestamp() * 1000)),
        }
        for operator, instant in bounds
    ]
    filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": str(after)})
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": list(names),
        "limit": limit,
    }


def join_pages(pages: Iterator[list[Record]], most: int) -> Iterator[list[Record]]:
    """Pages put together as long as they hold at most so many rows."""
    held: list[Record] = []
    for page in pages:
        if held and len(held) + len(page) > most:
            yield held
            held = []
        held = [*held, *page]
    if held:
        yield held
