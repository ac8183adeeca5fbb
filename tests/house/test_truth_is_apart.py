"""The pipeline cannot see the world it is scored against, nor the vendors its truth."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.house.project_files import (
    CODE,
    ROOT,
    Broken,
    imported_modules,
    is_within,
    python_files,
    require_none,
)

SANDBOX, WORLD = "include.sandbox", "include.sandbox.world"
VENDORS = "include.sandbox.vendors"
VENDORS_MAIN = "include.sandbox.vendors.__main__"
"""The process that serves a world may also generate one, and drops its truth at once."""
TRUTH = (
    f"{WORLD}.truth",
    f"{WORLD}.truth_tables",
    f"{WORLD}.truth_store",
    f"{WORLD}.identifiers",
    f"{WORLD}.generator",
    f"{WORLD}.__main__",
)


def name_of(path: Path) -> str:
    """Dotted name of a module as it is imported: ``plugins/`` is on the path itself."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] == "plugins":
        parts = parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def module_paths() -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    return {name_of(path): path for path in python_files(*CODE)}


@cache
def direct_imports(name: str) -> frozenset[str]:
    """Modules of the project that a module imports, packages above them included."""
    found = set()
    for imported, _ in imported_modules(module_paths()[name]):
        parts = imported.split(".")
        found |= {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
    return frozenset(found & set(module_paths())) - {name}


def find_way(start: str, targets: Iterable[str]) -> list[str]:
    """The shortest chain of imports from a module to any target; empty where there is none."""
    wanted = tuple(targets)
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop(0)
        for name in sorted(direct_imports(way[-1]) - seen):
            if is_within(name, *wanted):
                return [*way, name]
            seen.add(name)
            ways.append([*way, name])
    return []


def find_broken(starts: Iterable[str], targets: Iterable[str]) -> list[Broken]:
    """Modules from which a target can be reached, each with the chain that reaches it."""
    wanted = tuple(targets)
    ways = {start: find_way(start, wanted) for start in starts}
    return [Broken(module_paths()[start], 1, " → ".join(way)) for start, way in ways.items() if way]


def test_nothing_of_the_pipeline_can_import_the_world() -> None:
    pipeline = [name for name in module_paths() if not is_within(name, SANDBOX)]
    assert len(pipeline) > 100
    require_none(
        find_broken(pipeline, [WORLD]),
        "the pipeline reads vendors' APIs, never the world behind them: start the stand-ins as a "
        "process of their own (python -m include.sandbox.vendors) and read what they serve.",
    )


def test_no_vendor_can_import_the_truth() -> None:
    vendors = [name for name in module_paths() if is_within(name, VENDORS) and name != VENDORS_MAIN]
    assert vendors
    require_none(
        find_broken(vendors, TRUTH),
        "a vendor knows the operational tables alone (world.world, world.tables and what is "
        "computed from them); move what it needs out of the module that imports truth.",
    )


def test_a_way_through_a_third_module_is_found() -> None:
    assert find_way(VENDORS_MAIN, TRUTH)
    assert find_way(f"{WORLD}.generator", [f"{WORLD}.truth_tables"])
    assert find_way(f"{WORLD}.tables", TRUTH) == []
