"""Pages of ``search``: 10 000 rows, and tokens that go stale after two hours.

The following pages show the rows as of the first one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.sandbox.vendors.google_ads.errors import ApiError
from include.sandbox.vendors.google_ads.fields import Row
from include.sandbox.vendors.vendor import Stage

PAGE_ROWS = 10_000
TOKEN_LIFE = timedelta(hours=2)


@dataclass(frozen=True)
class Page:
    """Where an answer goes on."""

    customer_id: str
    query: str
    offset: int
    as_of: datetime
    made_at: datetime


class Pages:
    """All page tokens given out."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.reset()

    def reset(self) -> None:
        """No token is known."""
        self._pages: dict[str, Page] = {}

    def find(self, token: str, customer_id: str, query: str) -> Page:
        """The page of a token given for the same query; 400 otherwise."""
        page = self._pages.get(token)
        if page is None or (page.customer_id, page.query) != (customer_id, query):
            raise ApiError("requestError.INVALID_PAGE_TOKEN", "Page token is invalid.")
        is_stale = self._stage.clock.now() - page.made_at >= TOKEN_LIFE
        if is_stale or self._stage.faults.take("expired_page_token", "google_ads") is not None:
            raise ApiError("requestError.EXPIRED_PAGE_TOKEN", "Page token has expired.")
        return page

    def begin(self, customer_id: str, query: str) -> Page:
        """The first page of a query, as of now."""
        now = self._stage.clock.now()
        return Page(customer_id, query, 0, now, now)

    def cut(self, page: Page, rows: Sequence[Row]) -> tuple[Sequence[Row], str | None]:
        """The rows of a page, and the token of the next one if there is any."""
        size = int(self._stage.knobs.get("google_ads.page_rows", PAGE_ROWS))
        end = page.offset + size
        if end >= len(rows):
            return rows[page.offset :], None
        text = f"{len(self._pages)}/{page.customer_id}/{page.query}/{end}"
        token = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
        now = self._stage.clock.now()
        self._pages[token] = Page(page.customer_id, page.query, end, page.as_of, now)
        return rows[page.offset : end], token
