"""What callers have written into the cabinet: requests, deals, imported calls."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from include.sandbox.vendors.calltouch.access import ApiError
from include.sandbox.vendors.calltouch.leads import describe_client, describe_session
from include.sandbox.vendors.calltouch.periods import Period, write_moment

Row = dict[str, Any]
MOST_IMPORTED = 100
DEAL_ACTIONS = frozenset({"create", "update", "delete"})


class Written:
    """Everything written since the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all of it."""
        self._numbers = itertools.count(900_000_001)
        self._requests: list[tuple[datetime, Row]] = []
        self._references: set[str] = set()
        self._deals: dict[str, Row] = {}

    def register(self, form: Mapping[str, Any], now: datetime) -> Row:
        """Take a form request of the site; a phone or an e-mail is needed."""
        phone, email = (str(form.get(name, "")) for name in ("phoneNumber", "email"))
        if not phone and not email:
            raise ApiError(400, "phoneNumber or email is required")
        number = next(self._numbers)
        row = {
            "requestId": number,
            "requestNumber": str(form.get("requestNumber", "")),
            "date": int(now.timestamp() * 1000),
            "dateStr": write_moment(now),
            "subject": str(form.get("subject", "")),
            "requestUrl": str(form.get("requestUrl", "")),
            "manager": "",
            "uniqueRequest": True,
            "targetRequest": False,
            "uniqTargetRequest": False,
            "session": describe_session(None),
            "client": describe_client(str(form.get("fio", "")), phone, email),
            "orders": [],
            "comments": [],
            "widgetInfo": None,
            "ctClientId": None,
            "ctGlobalId": None,
        }
        self._requests.append((now, row))
        return {"requestId": number}

    def requests(self, period: Period) -> list[Row]:
        """Registered requests of a period."""
        return [row for instant, row in self._requests if period.holds(instant)]

    def import_calls(self, calls: Any) -> Row:
        """Take calls of a telephone exchange; a reference is good for one call, for ever."""
        if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
            raise ApiError(400, "An array of calls is expected")
        if len(calls) > MOST_IMPORTED:
            raise ApiError(400, f"More than {MOST_IMPORTED} calls")
        references = [str(call.get("referenceId", "")) for call in calls]
        if "" in references or len(set(references)) < len(references):
            raise ApiError(400, "Every call needs a referenceId of its own")
        if self._references.intersection(references):
            raise ApiError(400, "A referenceId has been used before")
        self._references.update(references)
        return {"accepted": len(references)}

    def change_deal(self, action: str, deal: Any) -> Row:
        """Create, update or delete a deal by its ``orderNumber``."""
        if action not in DEAL_ACTIONS:
            raise ApiError(404, "Unknown method")
        number = str(deal.get("orderNumber", "")) if isinstance(deal, dict) else ""
        if not number:
            raise ApiError(400, "orderNumber is required")
        if (action == "create") == (number in self._deals):
            raise ApiError(400, f"Deal {number} exists" if action == "create" else "No such deal")
        if action == "delete":
            return {"orderId": self._deals.pop(number)["orderId"]}
        known = self._deals.setdefault(number, {"orderId": next(self._numbers)})
        known.update(deal)
        return {"orderId": known["orderId"]}
