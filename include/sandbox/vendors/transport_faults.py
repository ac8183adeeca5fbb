"""Middleware that spoils answers on the wire, whatever the vendor meant to say.

``status``   answers ``status`` (default 503) with an HTML page, like a front-end proxy in trouble
``cut``      drops the connection after ``at_bytes`` of the body
``truncate`` ends the body cleanly after ``at_bytes``: only a control count can notice
``slow``     waits ``seconds`` (of the vendor's clock) before the body
``drop_header`` leaves out the response header ``header``
"""

from __future__ import annotations

import asyncio

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from include.sandbox.vendors.vendor import Stage

PROXY_PAGE = "<html><head><title>{status}</title></head><body>nginx</body></html>"


class ConnectionCut(Exception):
    """Raised inside the server so that it drops the connection in the middle of a body."""


class TransportFaults:
    """ASGI middleware around one vendor."""

    def __init__(self, app: ASGIApp, stage: Stage, vendor: str) -> None:
        self.app = app
        self.stage = stage
        self.vendor = vendor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, spoilt if a fault says so."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        take = self.stage.faults.take
        path = scope["path"]
        if (values := take("status", self.vendor, path)) is not None:
            status = int(values.get("status", 503))
            headers = {str(k): str(v) for k, v in values.get("headers", {}).items()}
            page = HTMLResponse(PROXY_PAGE.format(status=status), status, headers)
            await page(scope, receive, send)
            return
        cut = take("cut", self.vendor, path)
        truncate = take("truncate", self.vendor, path)
        slow = take("slow", self.vendor, path)
        dropped = take("drop_header", self.vendor, path)
        limit = None if cut is None and truncate is None else int((cut or truncate)["at_bytes"])
        sent = 0

        async def spoil(message: Message) -> None:
            nonlocal sent
            if message["type"] == "http.response.start":
                unwanted = {b"content-length"} if limit is not None else set()
                if dropped is not None:
                    unwanted.add(str(dropped["header"]).lower().encode())
                kept = [(k, v) for k, v in message["headers"] if k.lower() not in unwanted]
                await send({**message, "headers": kept})
                return
            if slow is not None and sent == 0:
                await asyncio.sleep(self.stage.clock.real_seconds(float(slow["seconds"])))
            body = message.get("body", b"")
            if limit is None:
                sent += len(body)
                await send(message)
                return
            kept_body = body[: max(limit - sent, 0)]
            is_last = not message.get("more_body", False)
            sent += len(body)
            if cut is not None:
                await send({**message, "body": kept_body, "more_body": True})
                if is_last or sent >= limit:
                    raise ConnectionCut
                return
            await send({**message, "body": kept_body})

        await self.app(scope, receive, spoil)
