"""How an answer is written: the envelope with its times, as JSON or as XML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from starlette.responses import Response

from include.sandbox.vendors.bitrix24.entity_rows import spell_instant
from include.sandbox.vendors.bitrix24.listing import Answer


def make_time(
    now: datetime, seconds: float, operating: float | None = None, reset_in: float = 0.0
) -> dict[str, Any]:
    """The ``time`` object; the operating pair is there only for a method that was charged."""
    start = now.timestamp()
    time: dict[str, Any] = {
        "start": round(start, 6),
        "finish": round(start + seconds, 6),
        "duration": seconds,
        "processing": seconds,
        "date_start": spell_instant(now),
        "date_finish": spell_instant(datetime.fromtimestamp(start + seconds, now.tzinfo)),
    }
    if operating is not None:
        time["operating_reset_at"] = int(start + reset_in)
        time["operating"] = round(operating, 6)
    return time


def make_envelope(answer: Answer, time: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a success."""
    body: dict[str, Any] = {"result": answer.result}
    if answer.next is not None:
        body["next"] = answer.next
    if answer.total is not None:
        body["total"] = answer.total
    return {**body, "time": time}


def make_response(body: Mapping[str, Any], status: int, is_xml: bool) -> Response:
    """The body as JSON, or as XML where the method's name ended in ``.xml``."""
    if is_xml:
        text = f'<?xml version="1.0" encoding="UTF-8"?><response>{_xml(body)}</response>'
        return Response(text, status, media_type="text/xml")
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, headers={"Content-Type": "application/json; charset=utf-8"})


def _xml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(f"<{key}>{_xml(item)}</{key}>" for key, item in value.items())
    if isinstance(value, list):
        return "".join(f"<item>{_xml(item)}</item>" for item in value)
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else escape(str(value))
