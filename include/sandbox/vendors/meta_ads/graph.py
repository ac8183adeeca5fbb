"""Answers one call of the graph: which node, which edge, and what it costs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from include.sandbox.vendors.meta_ads.access import USER_ID, Access, Grant
from include.sandbox.vendors.meta_ads.book import BUSINESS_ID, Account, GraphBook
from include.sandbox.vendors.meta_ads.calls import Call, Reply, read_fields
from include.sandbox.vendors.meta_ads.errors import ApiError, refuse_object, refuse_parameter
from include.sandbox.vendors.meta_ads.insight_request import (
    MONTHS_OF_REACH,
    AskedInsights,
    first_day_kept,
    read_insights,
)
from include.sandbox.vendors.meta_ads.insights import Insights
from include.sandbox.vendors.meta_ads.meters import Meters
from include.sandbox.vendors.meta_ads.nodes import EDGES, list_accounts, list_edge, show_node
from include.sandbox.vendors.meta_ads.paging import Pageable, cut_page
from include.sandbox.vendors.meta_ads.runs import Run, Runs
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World

NAME = "meta_ads"
NEWEST_VERSION, OLDEST_VERSION = 26, 23
VERSION = re.compile(r"v(\d+)\.\d+")
TELLS_RUN_ERRORS = 25
"""From this version on a failed run says why."""
PAGE_LIMIT, SYNC_PAGE_ROWS = 5_000, 500
SYNC_ROW_LIMIT, ASYNC_ROW_LIMIT = 50_000, 2_000_000
REACH_RUNS_PER_DAY = 10
SEVERAL = "?ids"
"""The step that stands for a call without a path but with the ids of several nodes."""

FATES = ("failed", "skipped", "stuck")


class Graph:
    """All state of the stand-in."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.access = Access()
        self.meters = Meters(stage.clock, stage.knobs)
        self.runs = Runs(stage.clock, stage.knobs)
        self._reach_runs: dict[tuple[str, date], int] = defaultdict(int)
        self._book: tuple[World, datetime, GraphBook] | None = None
        self._recent: tuple[World, tuple[Any, ...], Insights] | None = None

    def reset(self) -> None:
        """Tokens, meters and runs as in the beginning."""
        self.access.reset()
        self.meters.reset()
        self.runs.reset()
        self._reach_runs.clear()

    @property
    def book(self) -> GraphBook:
        """The nodes of the stage's world, made anew every hour: somewhere a day begins then."""
        world, now = self._stage.world, self._stage.clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        if self._book is None or self._book[0] is not world or self._book[1] != hour:
            self._book = (world, hour, GraphBook(world, now))
        return self._book[2]

    def _knob(self, name: str, default: int) -> int:
        return int(self._stage.knobs.get(f"{NAME}.{name}", default))

    def answer(self, call: Call) -> Reply:
        """One call, refused or answered; usage headers come either way."""
        reply, account, is_insights = Reply({}), "", False
        try:
            steps = self._read_path(call)
            if steps == ["oauth", "access_token"]:
                return Reply(self.access.exchange(call.params, self._stage.clock.now()))
            grant = self._let_in(call)
            if steps == ["debug_token"]:
                token = call.params.get("input_token", "")
                return Reply(self.access.describe(token, self._stage.clock.now()))
            account, is_insights = self._find_account(steps), steps[-1] == "insights"
            self.meters.count(account, is_insights, call.method == "POST")
            reply = self._route(call, steps, grant)
        except ApiError as error:
            reply = Reply(error.to_body(), error.status)
            if error.code in (102, 190):
                reply.headers["WWW-Authenticate"] = (
                    f'OAuth "Facebook Platform" "invalid_token" "{error.message}"'
                )
        reply.headers |= self.meters.write_headers(account, is_insights)
        return reply

    def _read_path(self, call: Call) -> list[str]:
        """Steps behind the version; 2635 for a version that has ended."""
        steps = [step for step in call.path.split("/") if step]
        version = VERSION.fullmatch(steps[0]) if steps else None
        if version is not None:
            steps = steps[1:]
            number = int(version.group(1))
            oldest = self._knob("oldest_version", OLDEST_VERSION)
            if number < oldest and not self._knob("upgrade_old_versions", 0):
                raise ApiError(
                    2635,
                    0,
                    "(#2635) You are calling a deprecated version of the Ads API. Please update "
                    f"to the latest version: v{NEWEST_VERSION}.0.",
                )
            if number > NEWEST_VERSION:
                raise ApiError(2500, 0, f"Unknown path components: /{steps[0] if steps else ''}")
        if not steps and not call.params.get("ids"):
            raise ApiError(100, 0, "(#100) The node id is missing")
        return steps or [SEVERAL]

    def _let_in(self, call: Call) -> Grant:
        """Planted errors come before anything else the vendor checks."""
        take = self._stage.faults.take
        if take("expired_token", NAME, call.path) is not None:
            raise ApiError(190, 463)
        if (values := take("error", NAME, call.path)) is not None:
            raise ApiError.planted(values)
        proof = call.params.get("appsecret_proof", "")
        needs_proof = bool(self._knob("require_appsecret_proof", 0))
        return self.access.authenticate(call.token, proof, self._stage.clock.now(), needs_proof)

    def _find_account(self, steps: Sequence[str]) -> str:
        """The number of the account a call is about, for its meters."""
        account = self.book.find_account(steps[0])
        if account is not None:
            return account.number
        node = self.book.nodes.get(steps[0])
        return node.account.number if node is not None else ""

    def _route(self, call: Call, steps: Sequence[str], grant: Grant) -> Reply:
        now = self._stage.clock.now()
        if steps[0] in ("me", USER_ID) and len(steps) == 1:
            return Reply({"name": "Throughline reader", "id": grant.user_id})
        if grant.refusal:
            raise ApiError(grant.refusal)
        accounts = (["me", "adaccounts"], [USER_ID, "adaccounts"])
        if list(steps) in (*accounts, [BUSINESS_ID, "owned_ad_accounts"]):
            return self._page_nodes(call, list_accounts(call, self.book, now))
        if list(steps) == [BUSINESS_ID, "client_ad_accounts"]:
            return self._page(call, [])
        if steps[0] == BUSINESS_ID and len(steps) == 1:
            return Reply({"id": BUSINESS_ID, "name": "Northbolt"})
        if steps[0] == SEVERAL:
            wanted = [str(item) for item in call.read_list("ids")]
            return Reply({item: show_node(call, self.book, item, now) for item in wanted})
        run = self.runs.find(steps[0], grant.user_id)
        if run is not None:
            return self._answer_run(call, run, steps[1:])
        if len(steps) == 1:
            return Reply(show_node(call, self.book, steps[0], now))
        if len(steps) != 2 or not self._exists(steps[0]):
            raise refuse_object(steps[0])
        if steps[1] == "insights":
            return self._answer_insights(call, steps[0], grant)
        if steps[1] not in EDGES or call.method != "GET":
            raise refuse_parameter(f"Tried accessing nonexisting field ({steps[1]})")
        return self._page_nodes(call, list_edge(call, self.book, steps[0], steps[1], now))

    def _exists(self, node_id: str) -> bool:
        return self.book.find_account(node_id) is not None or node_id in self.book.nodes

    def _page(
        self, call: Call, rows: Pageable, most_shown: int = PAGE_LIMIT, hollow: bool = False
    ) -> Reply:
        most_asked = self._knob("page_limit", PAGE_LIMIT)
        return Reply(cut_page(call, rows, most_asked, most_shown, hollow))

    def _page_nodes(self, call: Call, rows: Pageable) -> Reply:
        """A page of nodes; ``summary=true`` or ``summary=total_count`` also tells how many."""
        reply = self._page(call, rows)
        if call.read_flag("summary") or "total_count" in call.params.get("summary", ""):
            reply.body["summary"] = {"total_count": len(rows)}
        return reply

    def _answer_insights(self, call: Call, node_id: str, grant: Grant) -> Reply:
        node = self.book.nodes.get(node_id)
        account = self.book.find_account(node_id) or (node.account if node else None)
        if account is None or (node is not None and node.kind == "creative"):
            raise refuse_object(node_id)
        own_level = node.kind if node else "account"
        asked = read_insights(call, account, node_id, own_level, self._stage.clock.now())
        headers = self._ration_reach(account, asked, call.method == "POST")
        if call.method == "POST":
            return self._submit(call, account, asked, grant, headers)
        made = self._make(account, asked, self._stage.clock.now())
        if len(made) > self._knob("sync_row_limit", SYNC_ROW_LIMIT):
            raise ApiError(100, 1504018)
        reply = self._page_rows(call, asked, made)
        reply.headers |= headers
        return reply

    def _ration_reach(
        self, account: Account, asked: AskedInsights, is_async: bool
    ) -> dict[str, str]:
        """Reach by breakdowns of more than 13 months ago: ten asynchronous runs a day."""
        today = self._stage.clock.now().astimezone(account.zone).date()
        if not asked.is_old_reach or asked.since >= first_day_kept(today, MONTHS_OF_REACH):
            return {}
        key = (account.number, today)
        most = self._knob("reach_runs_per_day", REACH_RUNS_PER_DAY)
        if not is_async or self._reach_runs[key] >= most:
            raise refuse_parameter(
                "Reach with breakdowns is not available for start dates beyond 13 months"
            )
        self._reach_runs[key] += 1
        used = round(100 * self._reach_runs[key] / most, 2)
        return {"x-Fb-Ads-Insights-Reach-Throttle": f'{{"acc_id_util_pct":{used}}}'}

    def _make(self, account: Account, asked: AskedInsights, now: datetime) -> Insights:
        """The report of this minute; further pages of it are read from the same one."""
        key = (account.key, repr(asked), now.replace(second=0, microsecond=0))
        world = self._stage.world
        if self._recent is None or self._recent[0] is not world or self._recent[1] != key:
            self._recent = (world, key, Insights(world, self.book, account, asked, now))
        return self._recent[2]

    def _take(self, kind: str, call: Call) -> Any:
        return self._stage.faults.take(kind, NAME, call.path)

    def _submit(
        self, call: Call, account: Account, asked: AskedInsights, grant: Grant, headers: Any
    ) -> Reply:
        values = self._take("run", call)
        fate = str(values["fate"]) if values is not None else ""
        if fate not in ("", *FATES):
            raise refuse_parameter(f"A planted run's fate must be one of {', '.join(FATES)}")
        days = (asked.until - asked.since).days + 1
        ads = sum(1 for n in self.book.nodes.values() if n.kind == "ad" and n.account == account)
        if days * ads > self._knob("async_row_limit", ASYNC_ROW_LIMIT):
            fate = "failed"
        run = self.runs.submit(grant.user_id, account, asked, fate)
        return Reply({"report_run_id": run.id}, 200, dict(headers))

    def _answer_run(self, call: Call, run: Run, steps: Sequence[str]) -> Reply:
        if not steps:
            shown = self.runs.describe(run, self._tells_run_errors(call))
            wanted = read_fields(call.params.get("fields", ""))
            kept = {name for name in shown if not wanted or name in wanted or name == "id"}
            return Reply({name: shown[name] for name in shown if name in kept})
        if list(steps) != ["insights"]:
            raise refuse_object(run.id)
        self.runs.require_completed(run)
        if run.made is None:
            world = self._stage.world
            run.made = Insights(world, self.book, run.account, run.asked, run.submitted_at)
        return self._page_rows(call, run.asked, run.made, PAGE_LIMIT)

    def _tells_run_errors(self, call: Call) -> bool:
        version = VERSION.match(call.path.lstrip("/"))
        return version is None or int(version.group(1)) >= TELLS_RUN_ERRORS

    def _page_rows(
        self, call: Call, asked: AskedInsights, made: Insights, most_shown: int = SYNC_PAGE_ROWS
    ) -> Reply:
        is_hollow = self._take("empty_page", call) is not None
        rows = [] if self._take("zero_rows", call) is not None else made
        reply = self._page(call, rows, self._knob("page_rows", most_shown), is_hollow)
        if asked.has_summary and len(rows):
            reply.body["summary"] = made.summarise()
        if reply.body["data"] and (odd := self._take("odd_value", call)) is not None:
            reply.body["data"][0] = {**reply.body["data"][0], odd["field"]: odd["value"]}
        renamed, changed = self._take("renamed_field", call), self._take("changed_meaning", call)
        if renamed is not None:
            reply.body["data"] = [
                {renamed["to"] if k == renamed["from"] else k: v for k, v in row.items()}
                for row in reply.body["data"]
            ]
        if changed is not None:
            name, factor = changed["field"], float(changed["factor"])
            reply.body["data"] = [
                {**row, name: f"{float(row[name]) * factor:g}"} if name in row else row
                for row in reply.body["data"]
            ]
        return reply
