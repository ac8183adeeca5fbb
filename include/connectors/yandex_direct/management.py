"""The management services the pipeline needs: campaigns, the account's currency, changes.

Their errors come inside HTTP 200 and are raised by :class:`AnswerReader`; an empty list may come as
a missing key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa

from include.connectors._http import HttpSession
from include.connectors._paging import OffsetPage, walk_offsets
from include.connectors.protocol import RequestRefused, TemporaryFailure
from include.connectors.yandex_direct.answers import AnswerReader, parse_result
from include.connectors.yandex_direct.dictionaries import read_objects
from include.connectors.yandex_direct.schema import CAMPAIGN_SCHEMA

PAGE_LIMIT = 10_000
CHECKED_CAMPAIGNS = 1000
SPARE_POINTS = 50
"""Fewer points than this are left to people: a refused call costs twenty of them."""
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


class Management:
    """Calls on behalf of one login."""

    def __init__(self, http: HttpSession, answers: AnswerReader, version: str, login: str) -> None:
        self._http = http
        self._answers = answers
        self._version = version
        self._login = login
        self._points_left: int | None = None

    def read_campaigns(self) -> list[dict[str, Any]]:
        """Every campaign the API lists, archived ones too.

        Campaign Wizard campaigns may be missing here while their spend is in reports.
        """

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

    def read_campaign_rows(self) -> pa.RecordBatch:
        """The campaigns in the shape of the raw table."""
        columns: dict[str, list[Any]] = {name: [] for name in CAMPAIGN_SCHEMA.names}
        for row in self.read_campaigns():
            columns["account_id"].append(self._login)
            for field, column in CAMPAIGN_FIELDS.items():
                value = row.get(field)
                if column in ("start_date", "end_date"):
                    columns[column].append(date.fromisoformat(value) if value else None)
                else:
                    columns[column].append(value if value is not None else "")
        return pa.RecordBatch.from_pydict(columns, schema=CAMPAIGN_SCHEMA)

    def read_objects(self, name: str) -> Iterator[pa.RecordBatch]:
        """Ad groups or ads of every campaign the API lists."""
        ids = [campaign["Id"] for campaign in self.read_campaigns()]
        return read_objects(name, self._login, ids, self._call)

    def check_statistics(self, since: str, campaign_ids: Sequence[int]) -> tuple[str, date | None]:
        """The vendor's Timestamp (empty without campaigns) and the first day changed ``since``.

        Of several calls the earliest Timestamp counts, so that nothing falls between two checks.
        """
        borders: list[date] = []
        timestamps: list[str] = []
        for start in range(0, len(campaign_ids), CHECKED_CAMPAIGNS):
            result = self._call(
                "changes",
                "check",
                {
                    "CampaignIds": list(campaign_ids[start : start + CHECKED_CAMPAIGNS]),
                    "FieldNames": ["CampaignsStat"],
                    "Timestamp": since,
                },
            )
            changed = (result.get("Modified") or {}).get("CampaignsStat") or []
            borders += [date.fromisoformat(item["BorderDate"]) for item in changed]
            timestamps.append(str(result["Timestamp"]))
        return min(timestamps, default=""), min(borders, default=None)

    @cached_property
    def currency(self) -> str:
        """The account's currency code; reports themselves do not say it."""
        result = self._call("clients", "get", {"FieldNames": ["Login", "Currency"]})
        clients = result.get("Clients", [])
        if not clients or not clients[0].get("Currency"):
            raise RequestRefused(
                f"Yandex Direct does not say the currency of {self._login}: "
                "check that Direct is set up for this login"
            )
        return str(clients[0]["Currency"])

    def _call(self, service: str, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if self._points_left is not None and self._points_left < SPARE_POINTS:
            raise TemporaryFailure(
                f"Yandex Direct of {self._login} has {self._points_left} points left: they come "
                "back every hour, try in the next hour"
            )
        response = self._http.post_json(
            f"json/{self._version}/{service}",
            {"method": method, "params": params},
            self._answers.read_call,
        )
        self._points_left = _read_points_left(response.headers.get("Units", ""))
        return parse_result(response)


def _read_points_left(units: str) -> int | None:
    """The second of ``spent/left/limit``; some answers have no such header."""
    parts = units.split("/")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdecimal() else None
