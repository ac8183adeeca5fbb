"""A Metrica that serves one part of a log as often as wanted, cheap enough not to be measured.

The stand-in makes its rows in Python and keeps whole logs in memory; here the bytes of one file are
sent again and again. ``python -m benchmarks.metrica_vendor <json>`` prints its address and serves
until its standard input ends.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from include.connectors.yandex_metrica.fields import LOGS

DAY = "2026-11-19"
MOSCOW = "Europe/Moscow"
REQUEST_ID = 777
POOL_ROWS = 5_000
SENT_BYTES = 1 << 20


def write_part(path: Path, log: str, rows: int) -> None:
    """A part of a log as the connector asks for it: ids differ, texts come from a pool."""
    kind = LOGS[log]
    fields = kind.fields("lastsign")
    generator = random.Random(7)  # noqa: S311 - no secret
    cells = {field: _cells_of(field.rpartition(":")[2], generator) for field in fields}
    pool = ["\t".join(cells[field][n] for field in fields[1:]) for n in range(POOL_ROWS)]
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write("\t".join(fields) + "\n")
        for number in range(rows):
            stream.write(f"{(1 << 63) + number * 977}\t{pool[number % POOL_ROWS]}\n")


def _cells_of(name: str, generator: random.Random) -> list[str]:
    """A pool of cells of one field, shaped as in a busy shop."""

    def some(*values: str) -> list[str]:
        return generator.choices(values, k=POOL_ROWS)

    def number(most: int) -> list[str]:
        return [str(generator.randrange(most)) for _ in range(POOL_ROWS)]

    plain = name.removeprefix("lastsign").removeprefix("last")
    if plain in ("date", "dateTime", "dateTimeUTC"):
        times = [f"{DAY} {n % 24:02}:{n % 60:02}:{n % 59:02}" for n in range(POOL_ROWS)]
        return [time[:10] for time in times] if plain == "date" else times
    if plain in ("startURL", "endURL", "URL", "referer"):
        return [
            f"https://shop.example/catalog/item-{n}?utm_source=yandex&utm_campaign=steel-{n % 90}"
            f"&utm_content=ad-{n % 700}&yclid={10**18 + n}"
            for n in range(POOL_ROWS)
        ]
    if plain in ("watchIDs", "goalsID"):
        return [
            "[" + ",".join(str(10**18 + n + i) for i in range(n % 4)) + "]"
            if plain == "watchIDs"
            else ("[]" if n % 5 else "[310000001,310000004]")
            for n in range(POOL_ROWS)
        ]
    if plain == "goalsDateTime":
        pair = f"[\\'{DAY} 10:00:00\\',\\'{DAY} 10:01:00\\']"
        return ["[]" if n % 5 else pair for n in range(POOL_ROWS)]
    if plain == "goalsPrice":
        return ["[]" if n % 5 else "[0,1500000]" for n in range(POOL_ROWS)]
    if plain in ("goalsCurrency", "goalsOrder"):
        return ["[]" if n % 5 else "[\\'RUB\\',\\'RUB\\']" for n in range(POOL_ROWS)]
    if plain.startswith(("purchase", "products", "offlineCall", "parsedParams")):
        return ["[]"] * POOL_ROWS
    if plain in ("clientID", "counterUserIDHash"):
        return [str(10**18 + n) for n in range(POOL_ROWS)]
    if plain in ("isNewUser", "bounce", "link", "download", "notBounce", "artificial"):
        return some("0", "1")
    if plain in ("pageViews", "visitDuration", "DirectClickOrder", "DirectBannerGroup"):
        return number(9_000)
    known = {
        "isPageView": ("1",),
        "clientTimeZone": ("180",),
        "counterID": ("44147844",),
        "TrafficSource": ("ad", "organic", "direct", "referral"),
        "title": tuple(f"Труба стальная {n} мм купить оптом" for n in range(900)),
        "UTMCampaign": tuple(f"steel-{n}" for n in range(90)),
        "regionCity": ("Moscow", "Kazan", "Saint Petersburg", "Yekaterinburg"),
    }
    return some(*known.get(plain, ("", "text")))


@dataclass
class Shop:
    """What is served: ``parts`` times the file at ``path``."""

    path: Path
    log: str
    rows: int
    parts: int

    def answer(self, method: str, path: str) -> dict[str, Any]:
        """The JSON answer of any path but a download."""
        size = self.path.stat().st_size
        request = {
            "request_id": REQUEST_ID,
            "counter_id": 44147844,
            "source": LOGS[self.log].source,
            "date1": DAY,
            "date2": DAY,
            "fields": LOGS[self.log].fields("lastsign"),
            "status": "processed",
            "size": size * self.parts,
            "parts": [{"part_number": n, "size": size} for n in range(self.parts)],
            "attribution": "LASTSIGN",
        }
        if path.endswith("/logrequests/evaluate"):
            return {"log_request_evaluation": {"possible": True, "max_possible_day_quantity": 366}}
        if path.endswith("/logrequests") and method == "GET":
            return {"requests": []}
        if "/logrequest" in path:
            return {"log_request": request}
        if path.startswith("/stat/"):
            total = float(self.rows * self.parts)
            row = {"dimensions": [{"name": DAY}, {"id": "ad"}], "metrics": [total] * 4}
            return {"data": [row], "total_rows": 1, "sampled": False}
        return {"counter": {"time_zone_name": MOSCOW}, "goals": []}


class _Handler(BaseHTTPRequestHandler):
    shop: ClassVar[Shop]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if not path.endswith("/download"):
            self._say(json.dumps(self.shop.answer(self.command, path)).encode())
            return
        self.send_response(200)
        self.send_header("Content-Length", str(self.shop.path.stat().st_size))
        self.end_headers()
        with self.shop.path.open("rb") as stream:
            while data := stream.read(SENT_BYTES):
                self.wfile.write(data)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Silent: a line per request would be all one sees."""

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve what the argument describes."""
    described = json.loads(sys.argv[1])
    _Handler.shop = Shop(**described | {"path": Path(described["path"])})
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
