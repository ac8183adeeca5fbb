"""Documents say what is there: commands exist, links lead somewhere, tables.md is fresh."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from include.contracts.dictionary import render
from include.contracts.graph import read_graph
from include.contracts.reader import read_catalog
from include.ingestion.sources import discover_connectors
from include.ingestion.sources_page import render as render_sources
from tests.house.project_files import ROOT, Broken, require_none

README = ROOT / "README.md"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\bmake ([a-z]+(?:-[a-z]+)*)\b")
FENCE = re.compile(r"```[^\n]*\n(.*?)```", re.S)
PATH = re.compile(r"`((?:dags|plugins|include|sql|tests|docs|deploy|mappings)/[\w./-]*\w/?)`")


@cache
def targets() -> dict[str, str]:
    """Makefile targets with what `make help` says of each."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z-]+):[^\n]*## (.+)$", text, re.M))


def documents() -> list[Path]:
    """Every hand-written document."""
    return [README, *sorted(path for path in (ROOT / "docs").glob("*.md") if path.stem != "tables")]


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a document, counted from 1."""
    return list(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))


def commands_in(line: str) -> list[str]:
    """`make x` as written in code, not in prose."""
    code = " ".join(re.findall(r"`([^`]*)`", line)) if "`" in line else ""
    is_command_line = re.match(r"\s*(?:\$ )?make [a-z]", line)
    return COMMAND.findall(line if is_command_line else code)


def test_every_command_is_listed_by_help_and_told_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    untold = sorted(name for name in targets() if f"make {name}" not in text)
    assert not untold, f"{untold}\nCure: add a row for each to the table of commands in README.md."


def test_every_command_a_document_names_exists() -> None:
    require_none(
        (
            Broken(path, number, f"make {name}")
            for path in documents()
            for number, line in numbered_lines(path)
            for name in commands_in(line)
            if name not in targets()
        ),
        "correct the document, or add the target with its `##` text to the Makefile.",
    )


def test_every_link_inside_the_project_leads_somewhere() -> None:
    broken = []
    for path in documents():
        for number, line in numbered_lines(path):
            for link in LINK.findall(line):
                place, _, anchor = link.partition("#")
                if re.match(r"[a-z]+:", place):
                    continue
                target = (path.parent / place) if place else path
                leads = target.exists() and (
                    not anchor or target.suffix != ".md" or anchor in _anchors(target)
                )
                if not leads:
                    broken.append(Broken(path, number, link))
    require_none(broken, "correct the link.")


def test_every_file_a_document_names_exists() -> None:
    broken = []
    for path in documents():
        prose = FENCE.sub(lambda m: "\n" * m.group().count("\n"), path.read_text(encoding="utf-8"))
        for number, line in enumerate(prose.splitlines(), start=1):
            for name in PATH.findall(line):
                is_example = "example" in name or "…" in name or path.stem.startswith("add_a_")
                if not is_example and not (ROOT / name).exists():
                    broken.append(Broken(path, number, name))
    require_none(broken, "correct the name, or create the file.")


def test_the_data_dictionary_is_fresh() -> None:
    catalog = read_catalog(ROOT / "sql")
    fresh = render(catalog, read_graph(ROOT / "sql", catalog))
    written = ROOT / "docs" / "tables.md"
    assert written.is_file() and written.read_text(encoding="utf-8") == fresh, (
        "docs/tables.md differs from the contracts.\nCure: .venv/bin/python -m include.contracts"
    )


def test_the_page_of_sources_is_fresh() -> None:
    written = ROOT / "docs" / "sources.md"
    assert written.read_text(encoding="utf-8") == render_sources(discover_connectors()), (
        "docs/sources.md differs from what the connectors declare.\n"
        "Cure: .venv/bin/python -m include.ingestion.sources_page"
    )


@cache
def _anchors(document: Path) -> set[str]:
    """Heading anchors as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
