"""The HAL envelope of a list: pages, links, and HTTP 204 without a body for nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from include.sandbox.vendors.amocrm.query import Tree, read_page

Row = dict[str, Any]
LONGEST_EVENTS_PAGE = 100
CLIPPED_EVENTS_PAGE = 50


@dataclass
class Listing:
    """What a list holds before it is cut into pages.

    ``totals``: ``none``; ``pages`` adds ``_total_items`` and ``_page_count`` (users, custom
    fields); ``whole`` is one unpaged answer with ``_total_items`` alone (pipelines).
    """

    key: str
    rows: Sequence[Row]
    render: Callable[[Row], Row]
    totals: str = "none"
    is_events: bool = False


def cut_page(
    listing: Listing, tree: Tree, pairs: Sequence[tuple[str, str]], address: str
) -> Row | None:
    """The envelope of the page asked for; None where there is nothing on it.

    More than 100 events a page are not refused: the page then has 50.
    """
    if listing.totals == "whole":
        if not listing.rows:
            return None
        return {
            "_total_items": len(listing.rows),
            "_links": {"self": {"href": address}},
            "_embedded": {listing.key: [listing.render(row) for row in listing.rows]},
        }
    page, limit = read_page(tree)
    if listing.is_events and limit > LONGEST_EVENTS_PAGE:
        limit = CLIPPED_EVENTS_PAGE
    chosen = listing.rows[(page - 1) * limit : page * limit]
    if not chosen:
        return None
    last = -(-len(listing.rows) // limit)
    kept = [pair for pair in pairs if pair[0] not in ("page", "limit")]

    def link(number: int) -> Row:
        query = urlencode([*kept, ("limit", str(limit)), ("page", str(number))])
        return {"href": f"{address}?{query}"}

    links = {"self": link(page)}
    if page < last:
        links["next"] = link(page + 1)
    if page > 1:
        links |= {"first": link(1), "prev": link(page - 1)}
    envelope: Row = {"_page": page, "_links": links}
    if listing.totals == "pages":
        envelope = {"_total_items": len(listing.rows), "_page": page, "_page_count": last}
        envelope["_links"] = links
    envelope["_embedded"] = {listing.key: [listing.render(row) for row in chosen]}
    return envelope
