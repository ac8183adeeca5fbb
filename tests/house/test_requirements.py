"""The lock installs exactly what is asked for, with plain pip, on any machine."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from tests.house.project_files import CODE, ROOT, imported_modules, python_files, syntax_tree

ASKED = ROOT / "requirements.in"
LOCK = ROOT / "requirements.txt"
CONFORMANCE_ASKED = ROOT / "conformance" / "requirements.in"
CONFORMANCE_LOCK = ROOT / "conformance" / "requirements.txt"
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)")
FOR_PYTHON = re.compile(r"python_full_version (?P<side><|>=) '3\.(?P<minor>\d+)'")
IMPORT_NAMES = {
    "airflow": "apache-airflow",
    "great_expectations": "great-expectations",
    "clickhouse_connect": "clickhouse-connect",
    "pydantic_settings": "pydantic-settings",
    "yaml": "pyyaml",
    "jwt": "pyjwt",
    "sqlglot": "sqlglot",
    "tapi_yandex_direct": "tapi-yandex-direct",
    "tapi_yandex_metrika": "tapi-yandex-metrika",
    "facebook_business": "facebook-business",
    "fast_bitrix24": "fast-bitrix24",
    "hubspot": "hubspot-api-client",
    "amocrm": "amocrm-api",
    "avito_ads": "avito-ads",
    "comagic": "comagic-data-api-sdk",
    "google": "google-analytics-data",
}
TRANSITIVE_BY_PURPOSE = {"numpy", "fastapi", "jinja2", "pendulum", "urllib3"}
"""Parts of a direct dependency's own interface: Arrow speaks numpy, requests raises urllib3, pages
of Airflow's plugins are FastAPI applications."""


def canonical(name: str) -> str:
    """A project name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lines_of(text: str) -> list[str]:
    """Meaningful lines: no comments, no blanks."""
    stripped = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in stripped if line]


def asked(file: Path = ASKED) -> set[str]:
    """Names in a requirements.in."""
    return {
        canonical(re.split(r"[\s\[<>=!~;]", line)[0])
        for line in lines_of(file.read_text(encoding="utf-8"))
    }


def is_for_this_python(line: str) -> bool:
    """Whether a line of a lock is meant for the Python that runs; some packages have two."""
    wanted = FOR_PYTHON.search(line)
    if wanted is None:
        return True
    return (sys.version_info.minor < int(wanted["minor"])) == (wanted["side"] == "<")


def pinned(lock: Path = LOCK) -> dict[str, str]:
    """Name to version of a lock."""
    lines = lines_of(lock.read_text(encoding="utf-8"))
    found = (PIN.match(line) for line in lines if is_for_this_python(line))
    return {canonical(pin["name"]): pin["version"] for pin in found if pin}


@pytest.mark.parametrize("lock", [LOCK, CONFORMANCE_LOCK], ids=lambda path: path.parent.name)
def test_every_line_of_a_lock_is_an_exact_version(lock: Path) -> None:
    loose = [line for line in lines_of(lock.read_text(encoding="utf-8")) if not PIN.match(line)]
    assert not loose, f"{loose}\nCure: run `make lock`; never edit requirements.txt by hand."


@pytest.mark.parametrize(
    ("file", "lock"), [(ASKED, LOCK), (CONFORMANCE_ASKED, CONFORMANCE_LOCK)], ids=["own", "public"]
)
def test_every_direct_dependency_is_in_the_lock(file: Path, lock: Path) -> None:
    missing = sorted(asked(file) - pinned(lock).keys())
    assert not missing, f"{missing}\nCure: run `make lock` after editing requirements.in."


def test_the_environment_is_the_locks() -> None:
    wrong = {}
    for name in asked():
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "absent"
        if installed != pinned()[name]:
            wrong[name] = f"installed {installed}, locked {pinned()[name]}"
    if wrong and not (ROOT / ".venv").exists():
        pytest.skip("runs in an environment of its own, not the project's .venv")
    assert not wrong, f"{wrong}\nCure: run `make setup`."


OURS = {"include", "throughline", "tests", "dags", "plugins", "conftest", "benchmarks"}


def test_everything_imported_is_asked_for() -> None:
    import sys

    unknown = {}
    for path in python_files(*CODE, "tests"):
        for name, line in imported_modules(path):
            top = name.partition(".")[0]
            is_ours = top in OURS
            if is_ours or top in sys.stdlib_module_names or top in TRANSITIVE_BY_PURPOSE:
                continue
            is_public = path.is_relative_to(ROOT / "tests" / "conformance")
            known = asked() | (asked(CONFORMANCE_ASKED) if is_public else set())
            if canonical(IMPORT_NAMES.get(top, top)) not in known:
                unknown[top] = f"{path.relative_to(ROOT)}:{line}"
    assert not unknown, f"{unknown}\nCure: add the package to requirements.in and run `make lock`."


def test_every_direct_dependency_has_its_reason() -> None:
    decisions = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8").lower()
    silent = sorted(name for name in asked() if name not in decisions)
    assert not silent, f"{silent}\nCure: say in docs/decisions.md why it is the right part."


def test_the_required_packages_are_really_used() -> None:
    required = {
        "airflow", "pandas", "sqlalchemy", "clickhouse_connect", "requests", "great_expectations"
    }  # fmt: skip
    used = {
        name.partition(".")[0]
        for path in python_files(*CODE)
        if syntax_tree(path).body
        for name, _ in imported_modules(path)
    }
    assert required <= used, (
        f"not imported anywhere: {sorted(required - used)}\n"
        "Cure: use it where it is the right part, or drop the requirement with a reason."
    )


def test_the_lock_needs_nothing_it_does_not_name() -> None:
    """It is installed without asking packages what they need."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
