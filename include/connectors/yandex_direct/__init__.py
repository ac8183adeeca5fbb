"""Yandex Direct: daily ad performance through the Reports service, and the campaign dictionary.

Days are Moscow days, money is micros of the account's currency, and VAT is in or out as the option
``include_vat`` says. A report has no id at the vendor: the token holds the whole request, and
repeating it byte for byte is how one polls. Only HTTP 200 is a report.

Options of an account (its name is the Client-Login): ``base_url``, ``api_version`` v5 or v501,
``include_vat`` YES or NO (default), ``lookback_days`` (3), ``history_from`` (30 days ago),
``include_today`` (false), ``days_per_request`` (31), ``processing_mode`` (auto),
``compress`` (true; false spares a loopback benchmark the gzip). Credentials: ``token``.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

import pyarrow as pa
import requests

from include.connectors._http import HttpSession
from include.connectors._paging import OffsetPage, walk_offsets
from include.connectors.protocol import (
    AccessDenied,
    Account,
    BadInput,
    Batch,
    Interval,
    KnownSlice,
    Now,
    Ready,
    RequestRefused,
    Resource,
    Slice,
    TemporaryFailure,
    Token,
    Wait,
)
from include.connectors.yandex_direct.answers import AnswerReader, QueueFull, parse_result
from include.connectors.yandex_direct.planning import (
    DEFAULT_HISTORY_DAYS,
    MOST_DAYS_PER_REQUEST,
    days_per_request,
    due_days,
    group_days,
    moscow_day,
    read_day,
    window_days,
)
from include.connectors.yandex_direct.report_stream import ReportStream
from include.connectors.yandex_direct.schema import (
    CAMPAIGN,
    CAMPAIGN_SCHEMA,
    PERFORMANCE,
    PERFORMANCE_SCHEMA,
    REPORT_COLUMNS,
    RESOURCES,
)

DEFAULT_BASE_URL = "https://api.direct.yandex.com"
PAGE_LIMIT = 10_000
CHECKED_CAMPAIGNS = 1000
TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"
CLOCK_SKEW = timedelta(minutes=10)
DEFAULT_RETRY_SECONDS = 10.0
RETRY_BOUNDS = (1.0, 60.0)
QUEUE_FULL_SECONDS = 30.0
DEFINITION_END = "__"
EVERY_STATE = ["ON", "OFF", "SUSPENDED", "ENDED", "CONVERTED", "ARCHIVED"]
CAMPAIGN_FIELDS = {
    "Id": "campaign_id",
    "Name": "campaign_name",
    "Type": "campaign_type",
    "Status": "campaign_status",
    "State": "campaign_state",
    "StartDate": "start_date",
    "EndDate": "end_date",
    "Currency": "currency_code",
    "TimeZone": "time_zone",
}


class YandexDirect:
    """The connector of one advertiser; see the module's text."""

    source: ClassVar[str] = "yandex_direct"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 5

    def __init__(
        self, account: Account, now: Now, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        options = account.options
        token = account.credentials.get("token", "")
        if not token:
            raise AccessDenied(
                f"yandex_direct account {account.name} has no token: put the OAuth token into its "
                "connection"
            )
        self._login = account.name
        self._now = now
        self._options = options
        self._version = self._choice("api_version", "v5", ("v5", "v501"))
        self._vat = self._choice("include_vat", "NO", ("NO", "YES"))
        self._mode = self._choice("processing_mode", "auto", ("auto", "online", "offline"))
        self._lookback_days = self._number("lookback_days", 3, 0)
        self._most_days = self._number("days_per_request", MOST_DAYS_PER_REQUEST, 1)
        self._http = HttpSession(
            base_url=str(options.get("base_url") or DEFAULT_BASE_URL),
            headers={
                "Authorization": f"Bearer {token}",
                "Client-Login": account.name,
                "Accept-Language": "en",
                "Accept-Encoding": "gzip" if options.get("compress", True) else "identity",
            },
            secrets=[token],
            sleep=sleep,
        )
        self._answers = AnswerReader(account.name, self._http.scrubber)
        self._unread: tuple[Token, requests.Response] | None = None

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Due days in reports of bounded size, then the campaign snapshot as the checkpoint.

        A ``window`` gives exactly its days and no checkpoint: advancing the watermark without
        pulling all that changed before it would lose a correction for ever.
        """
        known = list(known)
        days = {k.key: k for k in known if k.resource == PERFORMANCE}
        today = moscow_day(now)
        include_today = bool(self._options.get("include_today", False))
        if window is not None:
            wanted = window_days(window, today, include_today)
            return self._plan_reports(wanted, days.values())
        history_from = read_day(
            self._options, "history_from", today - timedelta(days=DEFAULT_HISTORY_DAYS)
        )
        watermark, changed_from = self._check_changes(known, now)
        wanted = due_days(
            days, today, history_from, self._lookback_days, include_today, changed_from
        )
        snapshot = Slice(CAMPAIGN, "snapshot", watermark=watermark, is_checkpoint=True)
        return [*self._plan_reports(wanted, days.values()), snapshot]

    def start(self, piece: Slice) -> Ready | Wait:
        """Ask for one report; the campaign snapshot needs no preparation."""
        if piece.resource == CAMPAIGN:
            return Ready({"resource": CAMPAIGN})
        if piece.resource != PERFORMANCE or piece.interval is None:
            raise BadInput(
                f"yandex_direct cannot start {piece.resource}/{piece.key}: it knows "
                f"{', '.join(RESOURCES)}, and a report needs its days"
            )
        params = self._report_params(piece.interval, str(piece.parameters.get("nonce", "")))
        return self.poll({"resource": PERFORMANCE, "version": self._version, "params": params})

    def poll(self, token: Token) -> Ready | Wait:
        """Repeat the identical request; a 200 is kept unread for :meth:`fetch`.

        Fetching from another process repeats the request once more.
        """
        if token["resource"] == CAMPAIGN:
            return Ready(token)
        try:
            response = self._post_report(token)
        except QueueFull:
            return Wait(token, QUEUE_FULL_SECONDS)
        if response.status_code == 200:
            self._keep_unread(token, response)
            return Ready(token)
        response.close()
        return Wait(token, _retry_seconds(response))

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows; see :class:`ReportStream` for the proof that none is missing."""
        if token["resource"] == CAMPAIGN:
            yield from self._fetch_campaigns()
            return
        stream = None
        for _ in range(2):
            stream = ReportStream(token["params"]["ReportName"])
            yield from self._stream_report(token, stream)
            if not stream.is_silent:
                return
        # Twice nothing but the column line: that is how this vendor says "no rows".

    def _plan_reports(self, days: Iterable[date], known: Iterable[KnownSlice]) -> list[Slice]:
        nonce = f"{self._now().astimezone(UTC):%Y%m%dT%H%M%S}{secrets.token_hex(2)}"
        return [
            Slice(
                PERFORMANCE,
                f"{span.date_from}_{span.date_to}",
                interval=span,
                parameters={"nonce": nonce},
            )
            for span in group_days(days, days_per_request(known, self._most_days))
        ]

    def _check_changes(self, known: list[KnownSlice], now: datetime) -> tuple[str, date | None]:
        """The vendor's Timestamp to remember, and the first day changed since the last one."""
        previous = max((k.watermark for k in known if k.resource == CAMPAIGN), default="")
        pulled = [k.pulled_at for k in known if k.resource == PERFORMANCE]
        since = previous or (min(pulled, default=now) - CLOCK_SKEW).astimezone(UTC).strftime(
            TIMESTAMP
        )
        ids = [row["Id"] for row in self._read_campaigns()]
        borders: list[date] = []
        timestamps: list[str] = []
        for start in range(0, len(ids), CHECKED_CAMPAIGNS):
            result = self._call(
                "changes",
                "check",
                {
                    "CampaignIds": ids[start : start + CHECKED_CAMPAIGNS],
                    "FieldNames": ["CampaignsStat"],
                    "Timestamp": since,
                },
            )
            changed = (result.get("Modified") or {}).get("CampaignsStat") or []
            borders += [date.fromisoformat(c["BorderDate"]) for c in changed]
            timestamps.append(str(result["Timestamp"]))
        return min(timestamps, default=previous), min(borders, default=None)

    def _keep_unread(self, token: Token, response: requests.Response) -> None:
        """Spare the vendor a second building of the newest answer; older ones are let go."""
        if self._unread is not None:
            self._unread[1].close()
        self._unread = (token, response)

    def _take_response(self, token: Token) -> requests.Response:
        if self._unread is not None and self._unread[0] == token:
            response, self._unread = self._unread[1], None
            return response
        return self._post_report(token)

    def _report_params(self, span: Interval, nonce: str) -> dict[str, Any]:
        params: dict[str, Any] = {
            "SelectionCriteria": {
                "DateFrom": span.date_from.isoformat(),
                "DateTo": (span.date_to - timedelta(days=1)).isoformat(),
            },
            "FieldNames": [c.field for c in REPORT_COLUMNS],
            "OrderBy": [{"Field": "Date"}],
            "ReportType": "CUSTOM_REPORT",
            "DateRangeType": "CUSTOM_DATE",
            "Format": "TSV",
            "IncludeVAT": self._vat,
        }
        days = f"{span.date_from}_{span.date_to}"
        params["ReportName"] = f"{self._definition}{DEFINITION_END}{days}_{_digest(params)}_{nonce}"
        return params

    @cached_property
    def _definition(self) -> str:
        """Names what a row was asked with; free of days and nonces, so equal rows stay equal."""
        return f"{PERFORMANCE}_{_digest([c.field for c in REPORT_COLUMNS] + [self._vat])[:6]}"

    def _post_report(self, token: Token) -> requests.Response:
        """POST a report request with the summary and column lines asked for."""
        return self._http.post_json(
            f"json/{token['version']}/reports",
            {"params": token["params"]},
            self._answers.read_report,
            headers={
                "processingMode": self._mode,
                "skipReportHeader": "true",
                "skipColumnHeader": "false",
                "skipReportSummary": "false",
            },
            stream=True,
        )

    def _stream_report(self, token: Token, stream: ReportStream) -> Iterator[Batch]:
        params = token["params"]
        currency = self._currency
        response = self._take_response(token)
        if response.status_code != 200:
            response.close()
            raise TemporaryFailure(
                f"report {params['ReportName']} is being built anew by the vendor: poll it again"
            )

        def finish(typed: pa.RecordBatch) -> pa.RecordBatch:
            def constant(value: Any, kind: pa.DataType) -> pa.Array:
                return pa.repeat(pa.scalar(value, kind), typed.num_rows)

            arrays = [
                constant(self._login, pa.string()),
                *typed.columns,
                constant(currency, pa.string()),
                constant(params["IncludeVAT"] == "YES", pa.bool_()),
                constant(params["ReportName"].split(DEFINITION_END)[0], pa.string()),
            ]
            return pa.RecordBatch.from_arrays(arrays, schema=PERFORMANCE_SCHEMA)

        with self._http.open_body(response) as body:
            yield from stream.read(body, finish)

    def _fetch_campaigns(self) -> Iterator[Batch]:
        columns: dict[str, list[Any]] = {name: [] for name in CAMPAIGN_SCHEMA.names}
        for row in self._read_campaigns():
            columns["account_id"].append(self._login)
            for field, column in CAMPAIGN_FIELDS.items():
                value = row.get(field)
                if column in ("start_date", "end_date"):
                    columns[column].append(date.fromisoformat(value) if value else None)
                else:
                    columns[column].append(value if value is not None else "")
        yield Batch(pa.RecordBatch.from_pydict(columns, schema=CAMPAIGN_SCHEMA))

    def _read_campaigns(self) -> list[dict[str, Any]]:
        """Every campaign the API lists, archived ones too."""

        def read_page(offset: int) -> OffsetPage[dict[str, Any]]:
            result = self._call(
                "campaigns",
                "get",
                {
                    "SelectionCriteria": {"States": EVERY_STATE},
                    "FieldNames": list(CAMPAIGN_FIELDS),
                    "Page": {"Limit": PAGE_LIMIT, "Offset": offset},
                },
            )
            return OffsetPage(result.get("Campaigns", []), result.get("LimitedBy"))

        return list(walk_offsets(read_page))

    @cached_property
    def _currency(self) -> str:
        """The account's currency; reports themselves do not say it."""
        result = self._call("clients", "get", {"FieldNames": ["Login", "Currency"]})
        clients = result.get("Clients", [])
        if not clients or not clients[0].get("Currency"):
            raise RequestRefused(
                f"Yandex Direct does not say the currency of {self._login}: "
                "check that Direct is set up for this login"
            )
        return str(clients[0]["Currency"])

    def _call(self, service: str, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        response = self._http.post_json(
            f"json/{self._version}/{service}",
            {"method": method, "params": params},
            self._answers.read_call,
        )
        return parse_result(response)

    def _choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = str(self._options.get(name) or default)
        if value not in allowed:
            raise BadInput(
                f"option {name} of yandex_direct account {self._login} must be one of "
                f"{', '.join(allowed)}, got {value!r}"
            )
        return value

    def _number(self, name: str, default: int, least: int) -> int:
        value = self._options.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise BadInput(
                f"option {name} of yandex_direct account {self._login} must be a whole number "
                f"from {least}, got {value!r}"
            )
        return value


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def _retry_seconds(response: requests.Response) -> float:
    """``retryIn`` is a recommendation that may be missing or absurd."""
    try:
        wanted = float(response.headers.get("retryIn", DEFAULT_RETRY_SECONDS))
    except ValueError:
        wanted = DEFAULT_RETRY_SECONDS
    return min(max(wanted, RETRY_BOUNDS[0]), RETRY_BOUNDS[1])


CONNECTOR = YandexDirect
