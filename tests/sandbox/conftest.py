"""The vendor stand-ins, once per session, fresh before each test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
"""Noon in Moscow."""


class DirectCaller:
    """A caller who knows nothing of the connector: plain requests and plain headers."""

    def __init__(self, server: VendorServer) -> None:
        self.server = server
        self.url = server.vendor_urls["yandex_direct"]
        self.headers = {"Authorization": "Bearer demo-token", "Client-Login": "demo-client"}

    def report(
        self,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        version: str = "v5",
        **changes: Any,
    ) -> requests.Response:
        """POST a report; keyword arguments replace elements, None removes one."""
        body = dict(params or standard_report())
        for element, value in changes.items():
            if value is None:
                body.pop(element)
            else:
                body[element] = value
        return requests.post(
            f"{self.url}/json/{version}/reports",
            json={"params": body},
            headers=self.headers | dict(headers or {}),
            timeout=10,
        )

    def call(
        self,
        service: str,
        params: Mapping[str, Any],
        method: str = "get",
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """POST to a management service."""
        return requests.post(
            f"{self.url}/json/v5/{service}",
            json={"method": method, "params": params},
            headers=self.headers | dict(headers or {}),
            timeout=10,
        )

    def control(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Use the control endpoint as an operator would."""
        answer = requests.post(f"{self.server.url}/_control/{what}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()


def standard_report() -> dict[str, Any]:
    """A small valid report."""
    return {
        "SelectionCriteria": {"DateFrom": "2026-11-17", "DateTo": "2026-11-19"},
        "FieldNames": ["Date", "CampaignId", "AdId", "Device", "Impressions", "Clicks", "Cost"],
        "ReportName": "small",
        "ReportType": "CUSTOM_REPORT",
        "DateRangeType": "CUSTOM_DATE",
        "Format": "TSV",
        "IncludeVAT": "NO",
    }


@pytest.fixture(scope="session")
def vendor_server() -> Iterator[VendorServer]:
    with VendorServer(Stage(seed=1)) as server:
        yield server


@pytest.fixture
def direct(vendor_server: VendorServer) -> DirectCaller:
    caller = DirectCaller(vendor_server)
    vendor_server.stage.clock.set(now=NOON, factor=1.0, frozen=True)
    caller.control("reset", {})
    return caller
