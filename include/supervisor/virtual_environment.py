"""Makes ``.venv`` from the lock; run by any Python 3, before anything is installed.

With two arguments, folder and lock, it makes another environment the same way, for example
``.venv-conformance conformance/requirements.txt``.

Standard library only, and no syntax newer than Python 3.7 outside of strings, so that an old Python
reaches the message that says which one is needed. The stamp is written last: an environment without
it is half-built and is made anew.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    Tell = Callable[[str], None]

OLDEST = (3, 11)
STAMP = "throughline-lock"
MOST_PIPS = 4
MAIN = (".venv", "requirements.txt")


class SetupFailed(Exception):
    """The environment could not be made; the message says why and what to do."""


def require_python(version: Sequence[int]) -> None:
    """Raise :class:`SetupFailed` when ``version`` (major, minor) is too old."""
    if tuple(version[:2]) < OLDEST:
        raise SetupFailed(
            "Python {}.{} or newer is needed, this is {}.{} ({}). Install a newer one and say"
            " which: make setup PYTHON=/path/to/python3.11".format(
                *OLDEST, *version[:2], sys.executable
            )
        )


def fingerprint(lock_file: Path, version: Sequence[int]) -> str:
    """What the stamp holds, ``3.11 <sha-256 of the lock>``."""
    return "{}.{} {}".format(*version[:2], hashlib.sha256(lock_file.read_bytes()).hexdigest())


def is_complete(environment: Path, wanted: str) -> bool:
    """Whether ``environment`` was finished from this very lock."""
    return _read_stamp(environment) == wanted


def _read_stamp(environment: Path) -> str:
    stamp = environment / STAMP
    return stamp.read_text("utf-8").strip() if stamp.is_file() else ""


def make_environment(
    project: Path, tell: Tell, name: str = MAIN[0], lock_name: str = MAIN[1]
) -> bool:
    """Make ``<project>/<name>`` from a lock unless it is complete; return whether it was not."""
    require_python(sys.version_info)
    lock_file = project / lock_name
    environment = project / name
    wanted = fingerprint(lock_file, sys.version_info)
    if is_complete(environment, wanted):
        return False
    with _one_at_a_time(project, name, tell):
        if is_complete(environment, wanted):
            return False
        is_usable = _read_stamp(environment).split(" ")[0] == wanted.split(" ", maxsplit=1)[0]
        (environment / STAMP).unlink(missing_ok=True)
        if environment.exists() and not is_usable:
            tell(f"{name} is half-built or of another Python: making it anew ({environment})")
            shutil.rmtree(environment)
        log_file = project / ".throughline" / "logs" / f"{name.replace('.venv', 'setup')}.log"
        log_file.parent.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with log_file.open("w", encoding="utf-8") as log:
            if not is_usable:
                _make_empty(environment, log, tell)
            tell(f"installing the lock ({lock_name}), a few minutes the first time …")
            _install(environment, lock_file, log_file)
            if name == MAIN[0]:
                _compile(environment, log)
        (environment / STAMP).write_text(wanted + "\n", "utf-8")
        tell(f"ready after {time.monotonic() - began:.0f} s")
    return True


def _make_empty(environment: Path, log: TextIO, tell: Tell) -> None:
    tell(f"making {environment.name} with Python {sys.version_info[0]}.{sys.version_info[1]} …")
    _run(
        [sys.executable, "-m", "venv", str(environment)],
        log,
        "the standard library's venv does not work here; on Debian or Ubuntu:"
        " apt install python3-venv",
    )


def _install(environment: Path, lock_file: Path, log_file: Path) -> None:
    """Install the lock with one pip per core, each its share of the packages and a log of its own.

    The lock names every package, so there is nothing to resolve and no order among them; compiling
    is left to the next step, or to the first import where only a few of many modules are used.
    """
    lines = [line for line in lock_file.read_text("utf-8").splitlines() if line[:1].isalnum()]
    count = max(1, min(os.cpu_count() or 1, MOST_PIPS, len(lines)))

    def install(part: int) -> None:
        share = log_file.with_name(f"{log_file.stem}-{part + 1}.txt")
        share.write_text("\n".join(lines[part::count]) + "\n", "utf-8")
        with share.with_suffix(".log").open("w", encoding="utf-8") as log:
            _run(
                [
                    *(str(environment / "bin" / "python"), "-m", "pip", "install"),
                    *("--disable-pip-version-check", "--no-input", "--progress-bar", "off"),
                    *("--no-deps", "--no-compile", "--requirement", str(share)),
                ],
                log,
                "is the package index reachable? The next attempt starts anew",
            )

    with concurrent.futures.ThreadPoolExecutor(count) as pips:
        for done in [pips.submit(install, part) for part in range(count)]:
            done.result()


def _compile(environment: Path, log: TextIO) -> None:
    # Packages ship files that no Python 3 can compile, and a module that stays uncompiled is
    # compiled by its first import: so its exit code says nothing worth stopping for. Nobody
    # imports the packages' own tests, a quarter of all files.
    log.flush()
    subprocess.run(
        [
            *(str(environment / "bin" / "python"), "-m", "compileall", "-q", "-j", "0"),
            *("-x", r"site-packages.*[\\/]tests?[\\/]", str(environment / "lib")),
        ],
        stdout=log, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip


def _run(command: Sequence[str], log: TextIO, cure: str) -> None:
    log.flush()
    start = log.tell()
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        command, stdout=log, stderr=subprocess.STDOUT, env=environment, check=False
    )
    if done.returncode == 0:
        return
    with Path(log.name).open(encoding="utf-8", errors="replace") as written:
        written.seek(start)
        words = "\n".join("  " + line for line in written.read().strip().splitlines()[-8:])
    raise SetupFailed(f"`{' '.join(command)}` failed: {cure}. See {log.name}:\n{words}")


@contextlib.contextmanager
def _one_at_a_time(project: Path, name: str, tell: Tell) -> Iterator[None]:
    # fcntl is missing on Windows, where nothing of this project runs anyway.
    import fcntl

    folder = project / ".throughline"
    folder.mkdir(exist_ok=True)
    with (folder / (name.replace(".venv", "setup") + ".lock")).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            tell(f"another setup of {name} is running: waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Exit code 0 when the environment is there, 1 with the reason on stderr otherwise."""

    def tell(message: str) -> None:
        sys.stderr.write("setup: " + message + "\n")
        sys.stderr.flush()

    try:
        make_environment(Path(__file__).resolve().parents[2], tell, *(sys.argv[1:3] or MAIN))
    except SetupFailed as error:
        tell(str(error))
        return 1
    except KeyboardInterrupt:
        tell("interrupted; the next attempt starts anew")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
