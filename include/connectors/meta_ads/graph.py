"""Calls of the Graph API for one ad account: parameters, pages, and the account's own facts.

The token travels in a header only: Meta repeats a token of the query in every ``paging.next``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from include.connectors._http import HttpSession
from include.connectors.meta_ads.answers import AnswerReader, TooMuchData
from include.connectors.protocol import IncompleteAnswer, RequestRefused

SMALLEST_PAGE = 5
EMPTY_PAGES = 20
"""Empty pages in a row that still name a next one."""
Record = Mapping[str, Any]


@dataclass(frozen=True)
class AccountFacts:
    """What rows themselves do not say; ``zone`` is whose days figures are counted by."""

    currency: str
    zone: ZoneInfo


def prove(token: str, app_secret: str) -> str:
    """The ``appsecret_proof`` of a token: HMAC-SHA256 in hex."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


class Graph:
    """``account`` is ``act_`` and digits; ``fixed`` parameters go with every request."""

    def __init__(
        self,
        http: HttpSession,
        answers: AnswerReader,
        version: str,
        account: str,
        fixed: Mapping[str, str],
        sleep: Callable[[float], None],
    ) -> None:
        self._http = http
        self._answers = answers
        self._version = version
        self.account = account
        self._fixed = dict(fixed)
        self._sleep = sleep

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """One GET; lists and mappings are written as JSON."""
        return self._call("GET", path, params=_write({**self._fixed, **params}))

    def post(self, path: str, **params: Any) -> dict[str, Any]:
        """One POST with the parameters as a form."""
        return self._call("POST", path, params=self._fixed, data=_write(params))

    def walk(self, path: str, limit: int, **params: Any) -> Iterator[Sequence[Record]]:
        """Pages of a list until none follows; a page may be empty before the last.

        Pages that are too much for Meta are halved. Raises :class:`IncompleteAnswer` when a
        cursor comes again behind rows, or for long behind none: following it would never end.
        """
        after = ""
        seen: set[str] = set()
        patience = EMPTY_PAGES
        while True:
            cursor = {"after": after} if after else {}
            try:
                page = self.get(path, limit=limit, **cursor, **params)
            except TooMuchData as refusal:
                if limit <= SMALLEST_PAGE:
                    raise RequestRefused(f"{refusal}: even {limit} rows are too many") from None
                limit = max(limit // 2, SMALLEST_PAGE)
                continue
            rows = page.get("data")
            if not isinstance(rows, list):
                raise IncompleteAnswer(f"Meta Ads answered no rows for {path}; ask again later")
            yield rows
            after = _read_next(page)
            if not after:
                return
            patience = EMPTY_PAGES if rows else patience - 1
            if patience == 0 or (rows and after in seen):
                raise IncompleteAnswer(
                    f"Meta Ads names the same next page of {path} twice; ask again later"
                )
            seen.add(after)

    @cached_property
    def facts(self) -> AccountFacts:
        """Currency and time zone of the account."""
        told = self.get(self.account, fields="account_id,name,currency,timezone_name")
        currency, zone = told.get("currency"), told.get("timezone_name")
        try:
            return AccountFacts(str(currency or ""), ZoneInfo(str(zone)))
        except (ZoneInfoNotFoundError, ValueError):
            pass
        raise RequestRefused(
            f"Meta Ads names the time zone of {self.account} {zone!r}, which nobody knows: "
            "without it no day can be told"
        )

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        if self._answers.pause_seconds:
            self._sleep(self._answers.pause_seconds)
        self._http.send(method, f"{self._version}/{path}", self._answers.read, **arguments)
        return self._answers.document


def _write(params: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in params.items()
    }


def _read_next(page: Mapping[str, Any]) -> str:
    """The cursor of the next page; empty on the last one, which alone has no ``next``."""
    paging = page.get("paging") or {}
    following = paging.get("next")
    if not following:
        return ""
    told = parse_qs(urlsplit(str(following)).query).get("after", [""])[0]
    cursor = told or str((paging.get("cursors") or {}).get("after", ""))
    if not cursor:
        raise IncompleteAnswer("Meta Ads names a next page without a cursor; ask again later")
    return cursor
