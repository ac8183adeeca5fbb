"""``python -m include.supervisor demo|real|up|serve|down|check-source``: what make calls."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from include.settings import PROJECT_ROOT, inherited_environment, read_settings
from include.supervisor import up
from include.supervisor.airflow_api import AirflowRefused
from include.supervisor.dag_watch import RunFailed, WaitedTooLong
from include.supervisor.demo import NothingArrived, NothingToRead, run_demo, run_real
from include.supervisor.home_lock import HomeBusy
from include.supervisor.installation import Installation
from include.supervisor.ports import PortTaken
from include.supervisor.processes import ProgramFailed
from include.supervisor.progress import Progress
from include.supervisor.source_check import check_source
from include.supervisor.store import NoStore

_TOLD_PLAINLY = (
    AirflowRefused,
    HomeBusy,
    NoStore,
    NothingArrived,
    NothingToRead,
    PortTaken,
    ProgramFailed,
    RunFailed,
    WaitedTooLong,
)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 failed with a reason on stderr, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m include.supervisor", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="run everything once on sample data")
    real = commands.add_parser("real", help="run everything once on a folder of files")
    real.add_argument("data", type=str, help="folder of files to read")
    commands.add_parser("up", help="start everything and leave it running")
    commands.add_parser("serve", help="what `up` runs in the background")
    commands.add_parser("down", help="stop what `up` started")
    check = commands.add_parser("check-source", help="what an account may read")
    check.add_argument("name", type=str, help="<source>/<account>, or <source> for all of it")
    options = parser.parse_args(arguments)
    settings = read_settings()
    installation = Installation(
        home=settings.home.resolve(),
        project=PROJECT_ROOT,
        inherited=inherited_environment(),
        clickhouse_port=settings.clickhouse_port,
        airflow_port=settings.airflow_port,
        progress=Progress(),
    )
    # Both ends of a run, Ctrl-C and `kill`, must pass through the code that stops the children.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        match options.command:
            case "demo":
                run_demo(installation)
            case "real":
                run_real(installation, _require_argument(options.data))
            case "up":
                up.start_in_background(installation)
            case "serve":
                up.serve(installation)
            case "check-source":
                return check_source(installation, options.name)
            case _:
                up.stop(installation)
    except _TOLD_PLAINLY as error:
        sys.stderr.write(f"\nmake {options.command}: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"\nmake {options.command}: interrupted, everything was stopped\n")
        return 130
    return 0


def _require_argument(data: str) -> Path:
    if not data.strip():
        raise NothingToRead("say which folder to read: make real DATA=<folder>")
    return Path(data).expanduser().resolve()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
