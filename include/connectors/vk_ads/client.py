"""Requests to VK Ads on behalf of one account: a fresh token, a shared limit, whole lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from include.connectors._http import HttpSession
from include.connectors._options import Options
from include.connectors._paging import OffsetPage, walk_offsets
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
from include.connectors.vk_ads.answers import Answer, StaleToken
from include.connectors.vk_ads.tokens import Credentials, Tokens

DEFAULT_BASE_URL = "https://ads.vk.com"
DELETED = "deleted"
SECRETS = ("token", "refresh_token", "client_secret")
Params = Mapping[str, Any]
Record = Mapping[str, Any]


class Client:
    """One account's requests; every answer is a JSON object."""

    def __init__(self, account: Account, options: Options, now: Now, host: Host) -> None:
        self._account = account
        self._now = now
        self._host = host
        self._base_url = options.text("base_url") or DEFAULT_BASE_URL
        self._currency = options.text("currency_code")
        self._user_id = options.text("user_id", account.name if account.name.isdigit() else "")
        rate = Rate(options.number("requests_per_second", 5, 1), 1.0)
        self._limiter = host.share_limit("requests", [rate])
        names = ("agency_client_id", "agency_client_name")
        given = account.credentials
        client = {name: given[name] for name in names if given.get(name)}
        vault = host.vault or MemoryVault(account.credentials)
        self._tokens = Tokens(account, vault, client, self._ask_for_token)
        self._session: tuple[Credentials, HttpSession] | None = None

    @property
    def who(self) -> str:
        """The account in messages."""
        return self._account.name

    def get(self, path: str, params: Params) -> Record:
        """The body of ``/api/<path>.json``; an expired token is renewed once."""
        try:
            return self._get(path, params)
        except StaleToken:
            pass
        used = self._session[0] if self._session else {}
        self._open(self._tokens.renew(used))
        return self._get(path, params)

    def list_objects(self, name: str, params: Params, page_size: int) -> list[Record]:
        """Every object of a v2 list, whatever its status, each once.

        Deleted ones come last, so that one deleted meanwhile is not lost between the two halves.
        """
        found: dict[str, Record] = {}
        for status in ({"_status__ne": DELETED}, {"_status": DELETED}):
            half = self._list_half(name, {**params, **status}, page_size)
            found.update({str(item["id"]): item for item in half})
        return list(found.values())

    def _list_half(self, name: str, params: Params, page_size: int) -> list[Record]:
        """As many objects as the list itself counts; one that moved is read once more."""
        found, count = self._walk(name, params, page_size)
        if len(found) != count:
            found, count = self._walk(name, params, page_size)
        if len(found) != count:
            raise IncompleteAnswer(
                f"VK Ads counts {count} {name} of {self.who} and gave {len(found)}: the list "
                "moved while it was read, ask again"
            )
        return list(found.values())

    def _walk(self, name: str, params: Params, page_size: int) -> tuple[dict[str, Record], int]:
        """The objects of all pages by id, and how many the last page says there are."""
        found: dict[str, Record] = {}
        count = 0

        def read_page(offset: int) -> OffsetPage[Record]:
            nonlocal count
            place = {"limit": page_size, "offset": offset, "sorting": "id"}
            told = self.get(f"v2/{name}", {**params, **place})
            items, count = read_items(told, name), int(told.get("count") or 0)
            is_last = not items or offset + len(items) >= count
            return OffsetPage(items, None if is_last else offset + len(items))

        for item in walk_offsets(read_page):
            found[str(item["id"])] = item
        return found, count

    @cached_property
    def user_id(self) -> int:
        """The number of the cabinet."""
        self.require_own_cabinet()
        return int(self._user["id"])

    def require_own_cabinet(self) -> None:
        """Raise :class:`AccessDenied` when the token opens another cabinet than it should."""
        number = str(self._user["id"])
        if self._user_id and number != self._user_id:
            raise AccessDenied(
                f"the token of vk_ads account {self.who} opens cabinet {number}: store the token "
                f"of cabinet {self._user_id}, or correct option user_id"
            )

    @cached_property
    def currency(self) -> str:
        """The currency of the cabinet; an option must name it where the vendor does not."""
        told = str(self._user.get("currency") or "")
        if not (self._currency or told):
            raise BadInput(
                f"VK Ads does not say the currency of {self.who}: set option currency_code"
            )
        if self._currency and told and self._currency != told:
            raise BadInput(
                f"VK Ads counts {self.who} in {told}: correct option currency_code, which says "
                f"{self._currency}"
            )
        return told or self._currency

    @cached_property
    def _user(self) -> Record:
        told = self.get("v2/user", {})
        if "id" not in told:
            raise RequestRefused(f"VK Ads answered no id of the user of {self.who}")
        return told

    def _get(self, path: str, params: Params) -> Record:
        session = self._session[1] if self._session else self._open(self._tokens.read())
        answer = Answer(f"VK Ads {path} of {self.who}", session.scrubber, self._now)
        response = session.send("GET", f"api/{path}.json", answer.classify, params=dict(params))
        if response.headers.get("X-RateLimit-RPS-Remaining", "").strip() == "0":
            self._host.sleep(1.0)
        return answer.body

    def _open(self, credentials: Credentials) -> HttpSession:
        session = self._make_session(credentials, {"Authorization": _bearer(credentials)})
        self._session = credentials, session
        return session

    def _ask_for_token(self, current: Credentials, form: Mapping[str, str]) -> Record:
        session = self._make_session(current, {})
        answer = Answer(f"VK Ads token of {self.who}", session.scrubber, self._now)
        session.send("POST", "api/v2/oauth2/token.json", answer.classify, data=dict(form))
        return answer.body

    def _make_session(self, known: Credentials, headers: Mapping[str, str]) -> HttpSession:
        return HttpSession(
            base_url=self._base_url,
            headers={"Accept": "application/json", **headers},
            secrets=[known[name] for name in SECRETS if known.get(name)],
            sleep=self._host.sleep,
            limiter=self._limiter,
        )


def read_items(body: Record, what: str) -> list[Record]:
    """The items of a list or of statistics."""
    items = body.get("items")
    if not isinstance(items, list):
        raise RequestRefused(
            f"VK Ads answered {what} without items: the API has changed, compare the connector "
            "with the vendor's documentation"
        )
    return items


def _bearer(credentials: Credentials) -> str:
    return f"Bearer {credentials['token']}"


def split_ids(ids: list[int], most: int) -> Iterator[list[int]]:
    """Pieces of at most ``most`` ids."""
    for start in range(0, len(ids), most):
        yield ids[start : start + most]
