"""The examples of docs/mapping_files.md are mappings that work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.connectors.files.entities import ENTITIES
from include.connectors.files.mapping import parse_mapping
from include.connectors.protocol import BadInput
from tests.connectors.files.reading import read_bytes


@pytest.fixture(scope="module")
def page(project_root: Path) -> str:
    """The page's text."""
    return (project_root / "docs" / "mapping_files.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def examples(page: str) -> list[str]:
    """Its mappings."""
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    return [block for block in blocks if "entity:" in block]


def test_every_example_is_a_valid_mapping(examples):
    assert len(examples) >= 3
    for text in examples:
        assert parse_mapping(text, "docs", "example").columns


def test_the_first_example_reads_the_file_shown_above_it(page, examples):
    shown = re.search(r"```\n(.*?)```", page, re.DOTALL)
    assert shown
    answer = read_bytes(shown.group(1).encode("cp1251"), examples[0], "crm_leads_2026-03.csv")
    (row,) = answer.rows
    assert row["lead_id"] == "L-00001"
    assert row["extra"] == [("Бюджет", "120 000,00")]


def test_every_key_and_every_column_is_described(page):
    with pytest.raises(BadInput) as error:
        parse_mapping("no_such_key: x\n", "m", "m")
    keys = re.search(r"it may have (.*?)\.", str(error.value))
    assert keys
    for key in keys.group(1).split(", "):
        assert f"| `{key}` |" in page
    for entity in ENTITIES.values():
        for column in entity.mappable:
            assert f"`{column}`" in page
