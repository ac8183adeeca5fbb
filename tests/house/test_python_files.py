"""What every Python file owes its reader."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.project_files import (
    CODE,
    ROOT,
    Broken,
    python_files,
    require_none,
    sql_files,
    syntax_tree,
)

LONGEST_FILE = 400
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "base", "core"}
TERMINAL = {ROOT / "include" / "cli.py"}
ALL = (*CODE, "tests")
MARKS = re.compile("|".join(rf"\b{mark}\b" for mark in ("TO" + "DO", "FIX" + "ME", "XX" + "X")))
ONE_MACHINE = re.compile(r"(?<![\w.~})-])/(?:" + "|".join(("root", "home", "Users", "work")) + ")/")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BROAD = {"Exception", "BaseException"}


def public_definitions(
    path: Path,
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Public functions and classes of a module, and public methods of classes without a base.

    A method of a class with a base mostly implements what the base has documented.
    """
    for node in syntax_tree(path).body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef) and not node.bases:
                for member in node.body:
                    if isinstance(member, FUNCTIONS) and not member.name.startswith("_"):
                        yield member


def protocol_methods() -> set[str]:
    """What every connector implements; documented once, in the protocol."""
    tree = syntax_tree(ROOT / "include" / "connectors" / "protocol.py")
    (protocol,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Connector"]
    return {member.name for member in protocol.body if isinstance(member, ast.FunctionDef)}


def test_no_file_is_longer_than_one_thing_needs() -> None:
    broken = []
    for path in [*python_files(*ALL), *sql_files("raw", "stg", "core", "mart", "ops", "seeds")]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            broken.append(Broken(path, lines, f"{lines} lines"))
    require_none(
        broken,
        f"there is a second thing in it: move that into a file named for it ({LONGEST_FILE} lines "
        "at most).",
    )


def test_no_module_has_a_name_that_says_nothing() -> None:
    require_none(
        (Broken(p, 1, p.stem) for p in python_files(*ALL) if p.stem.lower() in EMPTY_NAMES),
        "name the module for the one thing it does, so that a stranger finds it by its name.",
    )


def test_every_module_says_what_it_is() -> None:
    require_none(
        (
            Broken(path, 1, "no module docstring")
            for path in python_files(*ALL)
            if syntax_tree(path).body and not ast.get_docstring(syntax_tree(path))
        ),
        "begin the file with a docstring: one sentence what it is, then what a reader would get "
        "wrong.",
    )


def test_every_public_definition_has_a_docstring() -> None:
    known = protocol_methods()
    require_none(
        (
            Broken(path, node.lineno, f"{node.name} has no docstring")
            for path in python_files("plugins", "include")
            for node in public_definitions(path)
            if not ast.get_docstring(node) and node.name not in known
        ),
        "say shapes, units, errors and where the facts come from (not the types again), or make it "
        "private with a leading underscore.",
    )


def test_every_function_of_the_library_is_fully_typed() -> None:
    broken = []
    for path in python_files(*CODE):
        for node in ast.walk(syntax_tree(path)):
            if not isinstance(node, FUNCTIONS):
                continue
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            every += [a for a in (node.args.vararg, node.args.kwarg) if a]
            untyped = [
                a.arg for a in every if a.annotation is None and a.arg not in {"self", "cls"}
            ]
            if untyped:
                broken.append(Broken(path, node.lineno, f"{node.name}: {', '.join(untyped)}"))
            if node.returns is None:
                broken.append(Broken(path, node.lineno, f"{node.name}: no return type"))
    require_none(broken, "annotate every argument and the return value.")


def test_annotations_are_postponed_everywhere() -> None:
    broken = []
    for path in python_files(*ALL):
        body = syntax_tree(path).body
        has_code = any(isinstance(node, (*FUNCTIONS, ast.ClassDef)) for node in body)
        if has_code and not any(
            isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in body
        ):
            broken.append(Broken(path, 1, "no postponed annotations"))
    require_none(broken, "add `from __future__ import annotations` under the module docstring.")


def test_library_code_does_not_print() -> None:
    require_none(
        (
            Broken(path, node.lineno, "print(…)")
            for path in python_files("plugins", "include", "dags")
            if path not in TERMINAL
            for node in ast.walk(syntax_tree(path))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        ),
        "log with logging, or return the text and let include/cli.py show it through rich.",
    )


def test_no_error_is_swallowed() -> None:
    broken = []
    for path in python_files(*ALL):
        for node in ast.walk(syntax_tree(path)):
            if isinstance(node, ast.ExceptHandler):
                caught = "" if node.type is None else ast.unparse(node.type)
                if node.type is None:
                    broken.append(Broken(path, node.lineno, "bare except"))
                elif caught in BROAD and all(_does_nothing(step) for step in node.body):
                    broken.append(Broken(path, node.lineno, f"except {caught}, then nothing"))
            elif (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in {"suppress", "contextlib.suppress"}
                and any(ast.unparse(argument) in BROAD for argument in node.args)
            ):
                broken.append(Broken(path, node.lineno, ast.unparse(node)))
    require_none(
        broken,
        "catch the exceptions you expect by name; log or re-raise what you cannot handle.",
    )


def test_nothing_is_left_for_later() -> None:
    broken = []
    for path in python_files(*ALL):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if MARKS.search(line):
                broken.append(Broken(path, number, line.strip()))
    require_none(broken, "do it now, or write an issue and leave the code whole.")


def test_no_path_of_one_machine_is_in_the_project() -> None:
    broken = []
    places = [*python_files(*ALL), *ROOT.glob("*.*"), *ROOT.glob("docs/*"), ROOT / "Makefile"]
    for path in (p for p in places if p.is_file() and p.suffix not in {".lock", ".png"}):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if ONE_MACHINE.search(line):
                broken.append(Broken(path, number, line.strip()[:80]))
    require_none(broken, "write the path relative to the project, or make it a setting.")


def _does_nothing(step: ast.stmt) -> bool:
    return isinstance(step, ast.Pass | ast.Continue) or (
        isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant)
    )
