"""Dependencies point downward only: dags → plugins → include; connectors know nobody."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.house.project_files import (
    CODE,
    ROOT,
    Broken,
    imported_modules,
    is_within,
    python_files,
    require_none,
    syntax_tree,
)

SHARED_BY_CONNECTORS = (
    "include.compiled",
    "include.connectors.protocol",
    "include.connectors._http",
    "include.connectors._paging",
    "include.connectors._options",
    "include.connectors._records",
    "include.connectors._decoding",
    "include.connectors._record_pages",
    "include.connectors._day_plan",
    "include.connectors._change_windows",
    "include.connectors._google_oauth",
    "include.connectors._google_service_account",
)

READERS_OF_THE_ENVIRONMENT = (
    ROOT / "include" / "settings.py",
    # Makes the virtual environment, so it runs before the settings' libraries are installed.
    ROOT / "include" / "supervisor" / "virtual_environment.py",
)


def forbidden_imports(files: list[Path], *packages: str) -> Iterator[Broken]:
    """Imports of ``packages`` found in ``files``."""
    for path in files:
        for name, line in imported_modules(path):
            if is_within(name, *packages):
                yield Broken(path, line, f"imports {name}")


def test_the_library_imports_neither_airflow_nor_what_stands_above_it() -> None:
    require_none(
        forbidden_imports(python_files("include"), "airflow", "throughline", "plugins", "dags"),
        "include/ is a plain library. Take what you need as an argument and let the adapter in "
        "plugins/throughline/ read it from Airflow.",
    )


def test_plugins_do_not_import_dags() -> None:
    require_none(
        forbidden_imports(python_files("plugins"), "dags"),
        "move what both need down, into plugins/throughline/ or include/.",
    )


def test_dags_do_not_reach_past_the_plugins_into_the_warehouse() -> None:
    require_none(
        forbidden_imports(
            python_files("dags"), "clickhouse_connect", "sqlalchemy", "pandas", "requests", "chdb"
        ),
        "a DAG says what runs when and nothing else: call a task adapter of plugins/throughline/.",
    )


def test_a_connector_imports_only_the_protocol_and_libraries() -> None:
    broken = []
    connectors = ROOT / "include" / "connectors"
    for path in python_files("include/connectors"):
        own = "include.connectors." + path.relative_to(connectors).parts[0].removesuffix(".py")
        for name, line in imported_modules(path):
            is_ours = is_within(name, "include", "throughline")
            if is_ours and not is_within(name, *SHARED_BY_CONNECTORS, own):
                broken.append(Broken(path, line, f"imports {name}"))
    require_none(
        broken,
        "a connector gets its account, options and clock as arguments and yields record batches; "
        "it may import include.connectors.protocol, _http and _paging, and no neighbour.",
    )


def test_a_connector_knows_no_warehouse() -> None:
    require_none(
        forbidden_imports(
            python_files("include/connectors"), "clickhouse_connect", "chdb", "sqlalchemy"
        ),
        "yield Arrow record batches; include/ingestion lands and loads them.",
    )


def test_only_the_settings_read_the_environment() -> None:
    broken = []
    for path in python_files(*CODE):
        if path in READERS_OF_THE_ENVIRONMENT:
            continue
        for node in ast.walk(syntax_tree(path)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "os"
                and node.attr in {"environ", "getenv", "environb", "putenv"}
            ):
                broken.append(Broken(path, node.lineno, f"uses os.{node.attr}"))
        for name, line in imported_modules(path):
            if name in {"os.environ", "os.getenv", "os.environb"}:
                broken.append(Broken(path, line, f"imports {name}"))
    require_none(
        broken,
        "add a typed field to include/settings.py, call read_settings() at the edge and pass the "
        "value on.",
    )


def test_the_import_contracts_of_pyproject_hold() -> None:
    answer = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, (
        f"{answer.stdout}{answer.stderr}\n"
        "Cure: turn the dependency round (pass the value as an argument), or move what both sides "
        "need to the lower package; the contracts stand in pyproject.toml, [tool.importlinter]."
    )
