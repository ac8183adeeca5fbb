"""A JSON webhook on loopback that appends every message it is sent to a file, one line each.

The demo's alert channel: Apprise posts to ``json://127.0.0.1:<port>`` here as it would to a
company's own endpoint, so the whole way of an alert is exercised without an account anywhere.
"""

from __future__ import annotations

import argparse
import json
import socket
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

LARGEST_BODY = 1_000_000


def create_app(file: Path) -> Starlette:
    """An app whose ``POST /`` appends the JSON object it gets to ``file``, with the time."""

    async def receive(request: Request) -> JSONResponse:
        body = await request.body()
        if len(body) > LARGEST_BODY:
            return JSONResponse({"error": "a message is at most 1 MB"}, status_code=413)
        try:
            message = json.loads(body)
        except ValueError:
            return JSONResponse({"error": "send one JSON object"}, status_code=400)
        if not isinstance(message, dict):
            return JSONResponse({"error": "send one JSON object"}, status_code=400)
        line = json.dumps(
            {"received_at": datetime.now(UTC).isoformat(), **message}, ensure_ascii=False
        )
        with file.open("a", encoding="utf-8") as messages:
            messages.write(line + "\n")
        return JSONResponse({"stored": True})

    async def answer_health(request: Request) -> JSONResponse:
        return JSONResponse({"healthy": True})

    return Starlette(
        routes=[
            Route("/", receive, methods=["POST"]),
            Route("/health", answer_health, methods=["GET"]),
        ]
    )


class _AnnouncedServer(uvicorn.Server):
    """Says where it listens only once it does."""

    def __init__(self, config: uvicorn.Config, url: str, ready_file: Path | None) -> None:
        super().__init__(config)
        self._url = url
        self._ready_file = ready_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready_file is not None:
            fresh = self._ready_file.with_suffix(".new")
            fresh.write_text(json.dumps({"url": self._url}))
            fresh.replace(self._ready_file)


def serve(file: Path, port: int, ready_file: Path | None) -> None:
    """Serve until SIGTERM. Port 0 takes a free one; ``ready_file`` then holds its URL."""
    file.parent.mkdir(parents=True, exist_ok=True)
    config = uvicorn.Config(create_app(file), host="127.0.0.1", port=port, log_level="warning")
    listening = config.bind_socket()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    _AnnouncedServer(config, url, ready_file).run(sockets=[listening])


def read_arguments() -> argparse.Namespace:
    """The command line of ``python -m include.sandbox.webhook``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, required=True, help="where messages are appended")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--ready-file", type=Path, help="written with the URL once listening")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = read_arguments()
    serve(arguments.file, arguments.port, arguments.ready_file)
