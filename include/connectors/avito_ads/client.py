"""Requests to Avito Ads on behalf of one account: a token of a day, a shared limit, whole lists.

There is no refresh token: a new one is asked for with the client's secret whenever needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.connectors._http import HttpSession
from include.connectors._options import Options
from include.connectors._paging import OffsetPage, walk_offsets
from include.connectors.avito_ads.answers import POINTS, Answer, StaleToken
from include.connectors.protocol import (
    AccessDenied,
    Account,
    BadInput,
    Host,
    IncompleteAnswer,
    MemoryVault,
    Now,
    Rate,
    RequestRefused,
)

DEFAULT_BASE_URL = "https://api.avito.ru"
POINTS_A_MINUTE = 500
FEW_POINTS = 5
PAUSE_SECONDS = 10.0
Record = Mapping[str, Any]


class Client:
    """One account's requests; every answer is a JSON object."""

    def __init__(self, account: Account, options: Options, now: Now, host: Host) -> None:
        given = account.credentials
        if not given.get("token") and not (given.get("client_id") and given.get("client_secret")):
            raise AccessDenied(
                f"avito_ads account {account.name} has no client_id and client_secret: put those "
                "of the Avito developer page into its connection"
            )
        self.who = account.name
        self._account_id = options.text("account_id", account.name)
        if not self._account_id.isdigit():
            raise BadInput(
                f"avito_ads account {account.name} is not named by its number: set option "
                "account_id to the number of the advertising account"
            )
        prefix = options.choice("prefix", "ads", ("ads", "ads-sandbox"))
        self._path = f"{prefix}/v1/account/{self._account_id}"
        self._base_url = options.text("base_url") or DEFAULT_BASE_URL
        self._page_size = options.number("page_size", 100, 1, 100)
        self._now = now
        self._host = host
        rate = Rate(options.number("requests_per_minute", POINTS_A_MINUTE - 50, 1), 60.0)
        self._limiter = host.share_limit("points", [rate])
        self._vault = host.vault or MemoryVault(given)
        self._session: tuple[Mapping[str, str], HttpSession] | None = None

    def get(self, path: str) -> Record:
        """GET below the account's path."""
        return self._call("GET", path, None)

    def post(self, path: str, body: Record) -> Record:
        """POST a question below the account's path; nothing is changed by it."""
        return self._call("POST", path, body)

    def list_objects(self, kind: str) -> list[Record]:
        """Every campaign, group or creative, each once, as many as the list itself counts.

        A list that moved while it was read is read once more.
        """
        found, total = self._walk(kind)
        if len(found) != total:
            found, total = self._walk(kind)
        if len(found) != total:
            raise IncompleteAnswer(
                f"Avito Ads counts {total} {kind} of {self.who} and gave {len(found)}: the list "
                "moved while it was read, ask again"
            )
        return list(found.values())

    def _walk(self, kind: str) -> tuple[dict[int, Record], int]:
        """The objects of all pages by id, and how many the last page says there are.

        Offsets here are pages, counted from 0; the vendor counts them from 1.
        """
        found: dict[int, Record] = {}
        total = 0

        def read_page(page: int) -> OffsetPage[Record]:
            nonlocal total
            question = {"filter": {}, "limit": self._page_size, "page": page + 1}
            told = self.post(kind, question)
            rows = told.get(kind)
            if not isinstance(rows, list) or "total" not in told:
                raise RequestRefused(
                    f"Avito Ads answered {kind} without {kind} or total: the API has changed, "
                    "compare the connector with the vendor's documentation"
                )
            total = int(told["total"])
            is_last = (page + 1) * self._page_size >= total or not rows
            return OffsetPage(rows, None if is_last else page + 1)

        for row in walk_offsets(read_page):
            found[int(row["id"])] = row
        return found, total

    def _call(self, method: str, path: str, body: Record | None) -> Record:
        try:
            return self._send(method, path, body)
        except StaleToken:
            pass
        used = self._session[0] if self._session else {}
        self._open(self._vault.renew(used, self._ask_for_token))
        return self._send(method, path, body)

    def _send(self, method: str, path: str, body: Record | None) -> Record:
        session = self._session[1] if self._session else self._open(self._read_credentials())
        what = f"Avito Ads {path or 'account'} of {self.who}"
        answer = Answer(what, session.scrubber, self._now, path.startswith("campaigns/"))
        where = f"{self._path}/{path}" if path else self._path
        arguments = {} if body is None else {"json": dict(body)}
        response = session.send(method, where, answer.classify, **arguments)
        left = response.headers.get(POINTS, "")
        if left.isdigit() and int(left) < FEW_POINTS:
            self._host.sleep(PAUSE_SECONDS)
        return answer.body

    def _read_credentials(self) -> Mapping[str, str]:
        current = self._vault.read()
        if current.get("token"):
            return current
        return self._vault.renew(current, self._ask_for_token)

    def _ask_for_token(self, current: Mapping[str, str]) -> Mapping[str, str]:
        if not (current.get("client_id") and current.get("client_secret")):
            raise AccessDenied(
                f"the token of avito_ads account {self.who} is no longer good: put client_id and "
                "client_secret into its connection, so that a new one can be asked for"
            )
        session = self._make_session(current, {})
        answer = Answer(f"Avito Ads token of {self.who}", session.scrubber, self._now)
        form = {
            "grant_type": "client_credentials",
            "client_id": current["client_id"],
            "client_secret": current["client_secret"],
        }
        refused = ""
        try:
            session.send("POST", "token", answer.classify, data=form)
        except StaleToken as refusal:
            refused = str(refusal)
        if refused:
            raise AccessDenied(refused)
        token = str(answer.body.get("access_token") or "")
        if not token:
            raise AccessDenied(
                f"Avito gave avito_ads account {self.who} no access_token: check client_id and "
                "client_secret in its connection"
            )
        return {**current, "token": token}

    def _open(self, credentials: Mapping[str, str]) -> HttpSession:
        headers = {"Authorization": f"Bearer {credentials['token']}"}
        session = self._make_session(credentials, headers)
        self._session = credentials, session
        return session

    def _make_session(self, known: Mapping[str, str], headers: Mapping[str, str]) -> HttpSession:
        return HttpSession(
            base_url=self._base_url,
            headers={"Accept": "application/json", **headers},
            secrets=[known[name] for name in ("token", "client_secret") if known.get(name)],
            sleep=self._host.sleep,
            limiter=self._limiter,
        )
