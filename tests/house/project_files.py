"""The files the house rules look at, and how a broken rule is reported.

Every rule says where it is broken and how to put it right, so that the message alone is enough.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("dags", "plugins", "include")


@dataclass(frozen=True)
class Broken:
    """One place where a rule is broken."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"  {self.path.relative_to(ROOT)}:{self.line}: {self.what}"


def python_files(*folders: str) -> list[Path]:
    """Every Python file below the folders, named relative to the project."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def sql_files(*layers: str) -> list[Path]:
    """Every SQL file of the layers."""
    return sorted(path for layer in layers for path in (ROOT / "sql" / layer).glob("*.sql"))


@cache
def syntax_tree(path: Path) -> ast.Module:
    """The parsed module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported_modules(path: Path) -> Iterator[tuple[str, int]]:
    """Dotted names of everything a module imports, anywhere in it, with the line.

    ``from a import b`` gives ``a.b``, as ``b`` may be a module.
    """
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def is_within(name: str, *packages: str) -> bool:
    """Whether a dotted name is one of the packages or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def require_none(broken: Iterable[Broken], cure: str) -> None:
    """Fail with every broken place and the cure, once."""
    places = [str(one) for one in broken]
    assert not places, "\n".join(["", *places, f"Cure: {cure}"])
