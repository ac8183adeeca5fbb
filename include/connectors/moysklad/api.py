"""Requests to one MoySklad account, and walks over its lists, each proven by the vendor's count.

Every request costs units of a bucket that opens anew every three seconds; stock reports cost five,
anything else the caller's own weight, which grew three times in 2026 and is therefore an option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests

from include.connectors._http import (
    BROKEN_GATEWAYS,
    Again,
    HttpSession,
    describe_gateway_failure,
    read_json,
    retry_after_seconds,
)
from include.connectors._records import Record
from include.connectors.protocol import (
    AccessDenied,
    Host,
    IncompleteAnswer,
    Limiter,
    Now,
    Rate,
    RequestRefused,
    TemporaryFailure,
)

MOSCOW = ZoneInfo("Europe/Moscow")
ROOT = "api/remap/1.2"
LONGEST_PAGE = 1000
LONGEST_EXPANDED_PAGE = 100
UNITS = (Rate(45, 3.0),)
REPORT_WEIGHT = 5
HEAVY_PATHS = ("report/stock/all", "report/stock/bystore")
REDIRECTS = (301, 302, 303, 308)
MOST_REDIRECTS = 3
TOO_MANY_LOGINS = 1048
NO_API_ACCESS = 1061
LOGIN_WAIT_SECONDS = 60.0
_LINKS = 16_384
"""Links kept beside their UUIDs: a report names each product once a day and store."""


class _Weighed:
    """A limiter of units; whoever sends says first what the next request weighs."""

    def __init__(self, units: Limiter) -> None:
        self._units = units
        self.weight = 1

    def acquire(self, weight: int = 1) -> None:
        """Wait for the weight of the request about to be sent."""
        self._units.acquire(self.weight * weight)


def name_of(record: Record) -> str:
    """The UUID of an object, or of whatever a report's row links to."""
    number = record.get("id")
    return str(number) if number else tail(record["meta"]["href"])


@lru_cache(_LINKS)
def tail(href: str) -> str:
    """The UUID at the end of a link; reports hang ``?expand=supplier`` behind it."""
    return href.partition("?")[0].rstrip("/").rpartition("/")[2]


def spell(at: datetime) -> str:
    """An instant as filters want it: Moscow time, whole seconds."""
    return at.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M:%S")


class Api:
    """Calls one account; ``page_size`` rows a page at most."""

    def __init__(
        self,
        name: str,
        base_url: str,
        authorization: str,
        secrets: Sequence[str],
        weight: int,
        now: Now,
        host: Host,
        page_size: int,
    ) -> None:
        self._account = f"MoySklad account {name}"
        self._weight = weight
        self._now = now
        self._sleep = host.sleep
        self._page_size = page_size
        self._parsed: Any = None
        self._limiter = _Weighed(host.share_limit("units", UNITS))
        self._http = HttpSession(
            base_url,
            {
                "Authorization": authorization,
                "Accept": "application/json;charset=utf-8",
                "Accept-Encoding": "gzip",
            },
            secrets,
            sleep=host.sleep,
            limiter=self._limiter,
        )

    def get(self, path: str, params: Mapping[str, Any]) -> Any:
        """The answer to one GET below the version; redirects within the host are followed."""
        self._limiter.weight = REPORT_WEIGHT if path in HEAVY_PATHS else self._weight
        where: str = f"{ROOT}/{path}"
        asked: Mapping[str, Any] | None = params
        for _ in range(MOST_REDIRECTS + 1):
            response = self._http.send("GET", where, self._classify, params=asked)
            if response.status_code not in REDIRECTS:
                self._rest_when_empty(response)
                return self._parsed
            where, asked = self._read_location(response), None
        raise RequestRefused(f"{self._account} redirects {path} without an end")

    def walk(
        self,
        path: str,
        params: Mapping[str, Any],
        longest: int = LONGEST_PAGE,
        name: Callable[[Record], str] = name_of,
    ) -> Iterator[list[Record]]:
        """All rows of a list, page by page; fewer different ones than it counts are refused."""
        limit, offset = min(self._page_size, longest), 0
        seen: set[str] = set()
        sizes: set[int] = set()
        while True:
            body = self._get_page(path, {**params, "limit": limit, "offset": offset})
            sizes.add(body["meta"]["size"])
            rows = body["rows"]
            names = [name(row) for row in rows]
            yield [row for row, one in zip(rows, names, strict=True) if one not in seen]
            seen.update(names)
            if "nextHref" not in body["meta"]:
                break
            offset += limit
        if sizes != {len(seen)}:
            counts = " and then ".join(map(str, sorted(sizes)))
            raise IncompleteAnswer(
                f"{self._account} counts {counts} rows of {path} and gave {len(seen)}: the list "
                "moved while it was read, ask again later"
            )

    def walk_changes(
        self,
        path: str,
        span: tuple[datetime, datetime],
        conditions: str,
        params: Mapping[str, Any],
        longest: int = LONGEST_PAGE,
    ) -> Iterator[list[Record]]:
        """Rows changed within ``[from, to)``, page by page, in the order of their changes.

        Every page begins at the last second seen: an offset would skip rows when others leave the
        span because they change anew.
        """
        limit, offset = min(self._page_size, longest), 0
        begin, end = spell(span[0]), spell(span[1])
        first_size: int | None = None
        seen: set[tuple[str, str]] = set()
        while True:
            filters = f"updated>={begin};updated<{end}{conditions}"
            asked = {**params, "filter": filters, "order": "updated,asc"}
            body = self._get_page(path, {**asked, "limit": limit, "offset": offset})
            rows = body["rows"]
            first_size = body["meta"]["size"] if first_size is None else first_size
            fresh = [row for row in rows if (row["id"], row["updated"]) not in seen]
            seen.update((row["id"], row["updated"]) for row in fresh)
            yield fresh
            if "nextHref" not in body["meta"]:
                break
            last = rows[-1]["updated"][: len(begin)]
            if last < begin:
                raise RequestRefused(f"{self._account} gave {path} in another order than asked for")
            begin, offset = (last, 0) if last > begin else (begin, offset + limit)
        if len({name for name, _ in seen}) < first_size:
            self._require_shrunk(path, span, conditions, len(seen))

    def _require_shrunk(
        self, path: str, span: tuple[datetime, datetime], conditions: str, count: int
    ) -> None:
        """Fewer rows than counted at first are right only if as many have left the span."""
        filters = f"updated>={spell(span[0])};updated<{spell(span[1])}{conditions}"
        size = self.get(path, {"filter": filters, "limit": 1})["meta"]["size"]
        if count < size:
            raise IncompleteAnswer(
                f"{self._account} counts {size} rows of {path} and gave {count}; ask again later"
            )

    def _get_page(self, path: str, params: Mapping[str, Any]) -> Any:
        """One page; an empty list is asked for twice."""
        for _ in range(2):
            body = self.get(path, params)
            if not isinstance(body, dict) or "rows" not in body or "meta" not in body:
                raise RequestRefused(
                    f"{self._account} gave no rows for {path}: the vendor's API has changed"
                )
            if body["meta"]["size"]:
                break
        return body

    def _rest_when_empty(self, response: requests.Response) -> None:
        """Wait until the bucket opens rather than run into a refusal."""
        headers = response.headers
        if headers.get("X-RateLimit-Remaining") == "0":
            self._sleep(_millis(headers.get("X-Lognex-Retry-TimeInterval")))

    def _read_location(self, response: requests.Response) -> str:
        parts, own = urlsplit(response.headers.get("Location", "")), urlsplit(self._http.base_url)
        if parts.netloc != own.netloc:
            raise RequestRefused(f"{self._account} redirects to another host: {parts.netloc}")
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _classify(self, response: requests.Response) -> Again | None:
        status = response.status_code
        if status in REDIRECTS:
            return None
        if status == 200:
            try:
                self._parsed = read_json(response, self._account)
            except IncompleteAnswer as cut:
                return Again(cut)
            return None
        if status in BROKEN_GATEWAYS:
            return Again(describe_gateway_failure(response, self._account))
        code, text = self._read_error(response)
        if status == 429:
            seconds = _millis(response.headers.get("X-Lognex-Retry-After"))
            seconds = max(seconds, retry_after_seconds(response, self._now))
            if code == TOO_MANY_LOGINS:
                seconds = max(seconds, LOGIN_WAIT_SECONDS)
            error = TemporaryFailure(f"{self._account}: too many requests ({text}); try later")
            return Again(error, 1.0, seconds)
        if status == 401 or code == NO_API_ACCESS:
            raise AccessDenied(
                f"{self._account} refuses the credentials ({text}): a new token of the same user "
                "revokes the older ones, and so does a changed password. Put the valid one into "
                "the connection"
            )
        if status == 403:
            raise RequestRefused(
                f"{self._account} lets this user not read that ({text}): give the user the right "
                "or name the resource in the option leave_out; if nothing can be read any more, "
                "the vendor has switched API access off for too many failures: ask its support"
            )
        raise RequestRefused(f"{self._account} refuses the request (HTTP {status}, {text})")

    def _read_error(self, response: requests.Response) -> tuple[int, str]:
        try:
            told = response.json()["errors"][0]
            return int(told["code"]), f"{told['code']}: {self._http.scrubber.scrub(told['error'])}"
        except (ValueError, KeyError, IndexError, TypeError):
            return 0, "no JSON"


def _millis(text: str | None) -> float:
    """Seconds; the vendor's own headers are milliseconds."""
    return int(text) / 1000 if text and text.isdigit() else 0.0


def read_moscow(text: str) -> datetime:
    """An instant of an answer, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).astimezone(UTC)
