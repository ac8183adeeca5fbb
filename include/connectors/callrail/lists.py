"""Reads CallRail's lists page by page, and proves by the vendor's own count that none is missing.

Rows may move between pages while they are read. A row is taken once; when the count says that one
slipped through, the pages are walked again for what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from include.connectors._http import HttpSession
from include.connectors.callrail.answers import AnswerReader
from include.connectors.protocol import IncompleteAnswer, Interval, RequestRefused

MOST_WALKS = 3
Record = Mapping[str, Any]


class Lists:
    """The lists of one account; ``per_page`` is at most 250."""

    def __init__(
        self, http: HttpSession, answers: AnswerReader, account_id: str, per_page: int
    ) -> None:
        self._http = http
        self._answers = answers
        self._account_id = account_id
        self._per_page = per_page

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """One GET below the account; an empty path is the account itself."""
        below = f"/{path}" if path else ""
        address = f"v3/a/{self._account_id}{below}.json"
        self._http.send("GET", address, self._answers.read, params=params)
        return self._answers.document

    def walk(self, path: str, key: str, **params: Any) -> Iterator[list[Record]]:
        """Every row under ``key`` once; an empty list is believed when it comes twice."""
        seen: set[str] = set()
        told = 0
        for walk in range(MOST_WALKS):
            for rows, counted in self._walk_once(path, key, params):
                told = counted
                fresh = [row for row in rows if str(row.get("id")) not in seen]
                seen.update(str(row.get("id")) for row in fresh)
                if fresh:
                    yield fresh
            if len(seen) >= told and (told or walk):
                return
        raise IncompleteAnswer(
            f"CallRail counts {told} rows of {path}, but its pages held {len(seen)}, read "
            f"{MOST_WALKS} times; ask again later"
        )

    def count_days(self, span: Interval) -> dict[date, dict[str, int]]:
        """Calls of each day as CallRail counts them itself: one request for up to 200 days."""
        told = self.get(
            "calls/timeseries",
            start_date=str(span.date_from),
            end_date=str(span.date_to - timedelta(days=1)),
            interval="day",
            fields="total_calls,answered_calls,leads",
        )
        counts = {}
        for point in told.get("data") or ():
            counts[date.fromisoformat(str(point["date"])[:10])] = {
                "rows": int(point.get("total_calls") or 0),
                "is_answered": int(point.get("answered_calls") or 0),
                "is_good_lead": int(point.get("leads") or 0),
            }
        return counts

    def _walk_once(
        self, path: str, key: str, params: Mapping[str, Any]
    ) -> Iterator[tuple[list[Record], int]]:
        """Pages with the count each of them tells, until the newest page says it is the last."""
        page = 1
        while True:
            told = self.get(path, **params, per_page=self._per_page, page=page)
            rows, total, pages = told.get(key), told.get("total_records"), told.get("total_pages")
            if not isinstance(rows, list) or not isinstance(total, int):
                raise RequestRefused(
                    f"CallRail's list {path} no longer has {key} with total_records: the API has "
                    "changed; compare its documentation with the connector"
                )
            yield rows, total
            if page >= int(pages or 0):
                return
            page += 1
