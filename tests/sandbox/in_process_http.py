"""Plain HTTP calls to a stand-in in the same process, without sockets and threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import BaseRoute

_LOOP = asyncio.new_event_loop()


class InProcessHttp:
    """GET and POST of one stand-in's routes; arguments are those of httpx."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        transport = httpx.ASGITransport(Starlette(routes=list(routes)))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://stand-in")

    def get(self, address: str, **how: Any) -> httpx.Response:
        """One GET."""
        return _LOOP.run_until_complete(self._client.get(address, **how))

    def post(self, address: str, **how: Any) -> httpx.Response:
        """One POST."""
        return _LOOP.run_until_complete(self._client.post(address, **how))
