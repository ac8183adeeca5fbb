"""What every test owes the reader of a red build."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.project_files import Broken, python_files, require_none, syntax_tree

FEWEST_WORDS = 3
LONGEST_SLEEP_SECONDS = 1.0
JUDGES = ("raises", "warns", "fail(", "require", "check", "expect", "assert_")
"""Words by which a test may leave the judgement to a function it calls."""


def find_tests(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The test functions of a module."""
    for node in ast.walk(syntax_tree(path)):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and node.name.startswith("test_"):
            yield node


def find_calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a module with the dotted name of what is called."""
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_a_test_name_is_a_sentence() -> None:
    require_none(
        (
            Broken(path, node.lineno, node.name)
            for path in python_files("tests")
            for node in find_tests(path)
            if len(node.name.removeprefix("test_").split("_")) < FEWEST_WORDS
        ),
        "say what holds, as in test_a_restated_slice_replaces_exactly_itself.",
    )


def test_no_name_is_used_twice_in_one_test_file() -> None:
    broken = []
    for path in python_files("tests"):
        seen: set[str] = set()
        for node in syntax_tree(path).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if node.name in seen:
                    broken.append(Broken(path, node.lineno, node.name))
                seen.add(node.name)
    require_none(broken, "the second hides the first: give each its own name.")


def test_every_test_can_fail() -> None:
    broken = []
    for path in python_files("tests"):
        for node in find_tests(path):
            asserts = [step for step in ast.walk(node) if isinstance(step, ast.Assert)]
            is_judged = bool(asserts) or any(judge in ast.unparse(node) for judge in JUDGES)
            if not is_judged or any(isinstance(step.test, ast.Constant) for step in asserts):
                broken.append(Broken(path, node.lineno, node.name))
    require_none(broken, "assert what would be different if the code were wrong.")


def test_no_test_sleeps_long() -> None:
    broken = []
    for path in python_files("tests"):
        for name, call in find_calls(path):
            if name.endswith("sleep") and call.args:
                seconds = call.args[0]
                if (
                    isinstance(seconds, ast.Constant)
                    and isinstance(seconds.value, int | float)
                    and seconds.value > LONGEST_SLEEP_SECONDS
                ):
                    broken.append(Broken(path, call.lineno, ast.unparse(call)))
    require_none(broken, "wait for the event itself in short steps, or move a clock you control.")


def test_no_test_is_switched_off_for_good() -> None:
    broken = []
    for path in python_files("tests"):
        for node in ast.walk(syntax_tree(path)):
            name = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
            if name.endswith(("mark.skip", "mark.xfail")):
                broken.append(Broken(path, node.lineno, name))
        for name, call in find_calls(path):
            if name in {"pytest.skip", "pytest.mark.skipif"} and not (call.args or call.keywords):
                broken.append(Broken(path, call.lineno, "skip without a reason"))
    require_none(
        broken,
        "repair or delete it; a test that needs what is absent calls pytest.skip with the reason.",
    )
