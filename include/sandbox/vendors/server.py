"""Serves every discovered vendor from one process on loopback.

The main port has each vendor under ``/<vendor>/`` and the control endpoints; each vendor also has
a port of its own where its paths start at the root, because public clients compare whole paths.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import pkgutil
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Match, Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

import include.sandbox.vendors as vendors_package
from include.sandbox.vendors.control import make_control_routes
from include.sandbox.vendors.transport_faults import TransportFaults
from include.sandbox.vendors.vendor import Stage, Vendor

LOOPBACK = "127.0.0.1"


def discover_vendors() -> dict[str, type[Vendor]]:
    """Every module or package of this folder that exposes ``VENDOR``, by name."""
    found: dict[str, type[Vendor]] = {}
    for module_info in pkgutil.iter_modules(vendors_package.__path__):
        if module_info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{vendors_package.__name__}.{module_info.name}")
        vendor = getattr(module, "VENDOR", None)
        if vendor is not None:
            found[vendor.name] = vendor
    return found


class PortTaken(Exception):
    """Somebody else listens where the stand-ins should."""


class PortDispatcher:
    """Hands a request to the vendor that owns the port it came in on, else to the main app."""

    def __init__(self, main: ASGIApp) -> None:
        self.main = main
        self.by_port: dict[int, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        server = scope.get("server") or (LOOPBACK, 0)
        await self.by_port.get(server[1], self.main)(scope, receive, send)


class SlashTolerantRouter(Router):
    """Serves a path with a slash at its end as the one without, where only that one is known.

    Starlette would redirect, which no vendor does and half of all clients do not follow for POST.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        super().__init__(routes=routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].endswith("/") and not self._knows(scope):
            shorter = {**scope, "path": scope["path"].rstrip("/")}
            if self._knows(shorter):
                scope = shorter
        await super().__call__(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is not Match.NONE for route in self.routes)


@dataclass
class VendorServer:
    """All vendors, running in a thread once used as a context manager, or by :meth:`run`."""

    stage: Stage = field(default_factory=Stage)
    port: int = 0
    url: str = ""
    vendor_urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.vendors = {name: make(self.stage) for name, make in discover_vendors().items()}
        apps = {
            name: GZipMiddleware(
                TransportFaults(SlashTolerantRouter(vendor.routes()), self.stage, name),
                minimum_size=200,
                compresslevel=1,
            )
            for name, vendor in self.vendors.items()
        }
        control = make_control_routes(self.stage, self._reset_vendors)
        main = Starlette(routes=[*control, *(Mount(f"/{n}", app) for n, app in apps.items())])
        self._dispatcher = PortDispatcher(main)
        self._sockets = [self._bind(self.port)]
        self.port = self._sockets[0].getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        for name, app in apps.items():
            own = self._bind(0)
            self._sockets.append(own)
            self._dispatcher.by_port[own.getsockname()[1]] = app
            self.vendor_urls[name] = f"http://{LOOPBACK}:{own.getsockname()[1]}"
        config = uvicorn.Config(
            self._dispatcher, log_level="critical", access_log=False, lifespan="off", workers=1
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    @staticmethod
    def _bind(port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((LOOPBACK, port))
        except OSError:
            bound.close()
            raise PortTaken(
                f"port {port} on {LOOPBACK} is taken: stop what uses it or choose another --port"
            ) from None
        return bound

    def _reset_vendors(self) -> None:
        for vendor in self.vendors.values():
            vendor.reset()

    def describe(self) -> dict[str, object]:
        """What the ready file says: the main address and each vendor's own."""
        return {"url": self.url, "vendors": self.vendor_urls}

    def run(self, ready_file: Path | None = None) -> None:
        """Serve until SIGTERM or SIGINT; ``ready_file`` appears once connections are accepted."""

        async def serve() -> None:
            serving = asyncio.ensure_future(self._server.serve(sockets=self._sockets))
            while not self._server.started and not serving.done():
                await asyncio.sleep(0.01)
            if ready_file is not None and self._server.started:
                partial = ready_file.with_name(ready_file.name + ".partial")
                partial.write_text(json.dumps(self.describe()), encoding="utf-8")
                partial.replace(ready_file)
            await serving

        asyncio.run(serve())

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": self._sockets}, daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the vendor stand-ins did not start within 20 seconds")
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        if self._thread is not None:
            self._thread.join(10)
        for bound in self._sockets:
            bound.close()
