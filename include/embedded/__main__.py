"""``python -m include.embedded --data DIR --port N [--ready-file F]``: serve one data folder.

Passwords come from the environment (``THROUGHLINE_CLICKHOUSE_PASSWORD``,
``THROUGHLINE_BI_PASSWORD``), never from the command line. SIGTERM ends it in order: no new
requests, running ones finished within a limit, the engine closed. Exit codes: 0 stopped, 3 the
folder is in use, 4 the port is taken, 5 requests were still running after the limit.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from include.embedded.access import Logins
from include.embedded.engine import Engine, FolderInUse
from include.embedded.server import FINISH_SECONDS, Application, make_server
from include.settings import read_settings

EXIT_FOLDER_IN_USE = 3
EXIT_PORT_TAKEN = 4
EXIT_UNFINISHED = 5

logger = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.embedded")
    parser.add_argument("--data", type=Path, required=True, help="data folder of the engine")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--ready-file", type=Path, help="written once requests are served")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = read_settings()
    logins = Logins(
        settings.clickhouse_user,
        settings.clickhouse_password.get_secret_value(),
        settings.bi_password.get_secret_value(),
    )
    try:
        engine = Engine(options.data)
    except FolderInUse as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_FOLDER_IN_USE
    application = Application(engine, logins)
    try:
        server = make_server(application, options.host, options.port)
    except OSError as error:
        engine.close()
        sys.stderr.write(
            f"port {options.port} of {options.host} cannot be used ({error}): "
            "stop what listens there, or choose another port\n"
        )
        return EXIT_PORT_TAKEN
    asked_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_stop.set())
    serving = threading.Thread(target=server.serve, name="http", daemon=True)
    serving.start()
    host, port = server.bind_addr[:2]
    if options.ready_file:
        _write_ready_file(options.ready_file, {"host": host, "port": port, "pid": os.getpid()})
    logger.info("serving %s on %s:%s", options.data, host, port)
    asked_to_stop.wait()
    stopping = threading.Thread(target=server.stop, name="stop", daemon=True)
    stopping.start()
    stopping.join(FINISH_SECONDS + 5)
    if stopping.is_alive():
        # The web server would wait for them without end. What was acknowledged is on disk.
        logger.warning("requests still run after %s s and are given up", FINISH_SECONDS)
        os._exit(EXIT_UNFINISHED)
    application.sessions.close()
    engine.close()
    logger.info("stopped")
    return 0


def _write_ready_file(path: Path, content: dict[str, object]) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content), encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
