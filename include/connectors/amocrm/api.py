"""Requests to one amoCRM account, and walks over its lists.

A list says that it goes on by ``_links.next``; HTTP 204 without a body is its word for nothing.
There are no totals, so nothing is believed only when asked twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests

from include.connectors._http import (
    BROKEN_GATEWAYS,
    Again,
    HttpSession,
    Scrubber,
    describe_gateway_failure,
    read_json,
    retry_after_seconds,
)
from include.connectors._records import Record
from include.connectors.amocrm.access import Access
from include.connectors.protocol import (
    AccessDenied,
    Host,
    IncompleteAnswer,
    Now,
    Rate,
    RequestRefused,
    TemporaryFailure,
)

LONGEST_PAGE = 250
LONGEST_EVENTS_PAGE = 100
RATE = (Rate(6, 1.0),)
"""One below the vendor's seven: the penalty for too many is a ban of the address."""
MOST_HALVINGS = 6
MISLEADING_TITLE = "Некорректный запрос"
"""How an expired token was told once when filters were sent, as HTTP 400."""


class _TokenRefused(AccessDenied):
    """HTTP 401, which a renewed token may cure."""


class TooHeavy(TemporaryFailure):
    """HTTP 504: the page asked for is too long for the vendor."""


class Api:
    """Calls one account; ``page_size`` rows a page at most."""

    def __init__(
        self, name: str, base_url: str, access: Access, now: Now, host: Host, page_size: int
    ) -> None:
        self._name = name
        self._base_url = base_url
        self._access = access
        self._now = now
        self._sleep = host.sleep
        self._limiter = host.share_limit("requests", RATE)
        self._page_size = page_size
        self._session: tuple[str, HttpSession] | None = None
        self._parsed: Any = None

    def get(self, path: str, params: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The answer to one GET below ``/api/v4/``; None for HTTP 204."""
        token = self._access.read()
        try:
            return self._get_with(token, path, params)
        except _TokenRefused:
            if not self._access.is_renewable:
                raise
        return self._get_with(self._access.renew(token), path, params)

    def walk_changes(
        self, path: str, key: str, moment: str, span: tuple[int, int], params: Mapping[str, Any]
    ) -> Iterator[list[Record]]:
        """Rows whose ``moment`` lies within ``[from, to)`` Unix seconds, page by page.

        Every page begins at the last second seen instead of at an offset: rows that change while
        the walk goes on leave the span, and an offset would skip as many of those behind them.
        """
        begin, end = span
        page, limit, heavy = 1, self._page_size, 0
        seen: set[tuple[Any, Any]] = set()
        while True:
            asked = {
                **params,
                f"filter[{moment}][from]": begin,
                f"filter[{moment}][to]": end - 1,
                f"order[{moment}]": "asc",
                "page": page,
                "limit": limit,
            }
            try:
                body = self._get_confirmed(path, asked, is_first=not seen)
            except TooHeavy:
                heavy = self._rest_after_heavy(heavy)
                page, limit = 1, max(limit // 2, 1)
                continue
            rows = _embedded(body, key)
            moments = [row[moment] for row in rows]
            if moments != sorted(moments) or (moments and moments[0] < begin):
                raise IncompleteAnswer(
                    f"amoCRM gave {path} of account {self._name} in another order than asked for; "
                    "rows may be missing, ask again later"
                )
            fresh = [row for row in rows if (row["id"], row[moment]) not in seen]
            seen.update((row["id"], row[moment]) for row in fresh)
            yield [row for row in fresh if row[moment] < end]
            if not rows or not _goes_on(body):
                return
            if moments[-1] > begin:
                begin, page = moments[-1], 1
            else:
                page += 1

    def walk_pages(
        self, path: str, key: str, params: Mapping[str, Any], longest: int = LONGEST_PAGE
    ) -> Iterator[list[Record]]:
        """All rows of a list that does not move, page by page; rows sent twice come once."""
        limit, offset, heavy = min(self._page_size, longest), 0, 0
        seen: set[Any] = set()
        while True:
            asked = {**params, "page": offset // limit + 1, "limit": limit}
            try:
                body = self._get_confirmed(path, asked, is_first=offset == 0)
            except TooHeavy:
                heavy = self._rest_after_heavy(heavy)
                limit = max(limit // 2, 1)
                continue
            rows = _embedded(body, key)
            names = [row.get("id", row.get("uid")) for row in rows]
            yield [row for row, name in zip(rows, names, strict=True) if name not in seen]
            seen.update(names)
            if not rows or not _goes_on(body):
                return
            offset = (offset // limit + 1) * limit

    def read_whole(self, path: str, key: str) -> Sequence[Record]:
        """A list that has no pages."""
        return _embedded(self._get_confirmed(path, {}, is_first=True), key)

    def _get_confirmed(
        self, path: str, params: Mapping[str, Any], is_first: bool
    ) -> Mapping[str, Any] | None:
        body = self.get(path, params)
        return self.get(path, params) if body is None and is_first else body

    def _rest_after_heavy(self, times: int) -> int:
        if times >= MOST_HALVINGS:
            raise TooHeavy(
                f"amoCRM account {self._name} answers HTTP 504 to the shortest pages too; try later"
            )
        self._sleep(2.0**times)
        return times + 1

    def _get_with(
        self, token: str, path: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        if self._session is None or self._session[0] != token:
            headers = {
                "Authorization": f"Bearer {token}",
                "User-Agent": "throughline (github.com, amocrm connector)",
            }
            http = HttpSession(
                self._base_url, headers, [token], sleep=self._sleep, limiter=self._limiter
            )
            self._session = (token, http)
        self._parsed = None
        self._session[1].send("GET", f"api/v4/{path}", self._classify, params=dict(params))
        return self._parsed

    def _classify(self, response: requests.Response) -> Again | None:
        status = response.status_code
        if status == 204:
            return None
        if status == 200:
            try:
                self._parsed = read_json(response, f"amoCRM account {self._name}")
            except IncompleteAnswer as cut:
                return Again(cut)
            return None
        if status == 429:
            error = TemporaryFailure(f"amoCRM account {self._name}: too many requests; try later")
            return Again(error, 1.0, retry_after_seconds(response, self._now))
        if status == 504:
            raise TooHeavy(f"amoCRM account {self._name} answered HTTP 504; try later")
        if status in BROKEN_GATEWAYS:
            return Again(describe_gateway_failure(response, f"amoCRM account {self._name}"))
        raise self._refuse(response)

    def _refuse(self, response: requests.Response) -> AccessDenied | RequestRefused:
        status, title, detail = response.status_code, "", "an HTML page"
        if "html" not in response.headers.get("Content-Type", "").lower():
            told = read_json(response, f"amoCRM account {self._name}")
            title = str(told.get("title"))
            detail = Scrubber([self._session[0]] if self._session else []).scrub(
                f"{title}: {told.get('detail')}"
            )
        account = f"amoCRM account {self._name}"
        if status == 401 or (
            status == 400 and title == MISLEADING_TITLE and self._access.is_renewable
        ):
            return _TokenRefused(
                f"{account} refuses the token (HTTP {status}): it expired or was revoked. Make a "
                "new long-lived token in the integration's settings and put it into the connection"
            )
        if status == 402:
            return AccessDenied(f"{account} is not paid for (HTTP 402): somebody has to pay first")
        if status == 403 and not title:
            return AccessDenied(
                f"{account} shuts this address out (HTTP 403, a page of the front-end): too many "
                "requests were made. Stop every run and ask the vendor's support to lift the ban, "
                "naming the IP address"
            )
        if status == 403:
            return RequestRefused(
                f"{account} lets this user not read that ({detail}): give the user the right, use "
                "an administrator's token, or name the resource in the option leave_out"
            )
        return RequestRefused(f"{account} refuses the request (HTTP {status}): {detail}")


def _embedded(body: Mapping[str, Any] | None, key: str) -> list[Record]:
    if body is None:
        return []
    try:
        return list(body["_embedded"][key])
    except (KeyError, TypeError):
        pass
    raise RequestRefused(
        f"amoCRM's list of {key} has no _embedded.{key}: the vendor's API has changed"
    )


def _goes_on(body: Mapping[str, Any] | None) -> bool:
    return body is not None and "next" in body.get("_links", {})
