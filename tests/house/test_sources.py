"""A source is a connector, a raw contract for each of its resources, and a test."""

from __future__ import annotations

from include.contracts.arrow import arrow_schema
from include.contracts.reader import read_catalog
from include.ingestion.sources import discover_connectors
from tests.house.project_files import ROOT

CURE = "Cure: make connector and contract say the same; docs/add_a_source.md shows both."


def test_every_resource_of_a_connector_is_its_raw_contract_column_by_column() -> None:
    contracts = {
        (table.source, table.resource): table
        for table in read_catalog(ROOT / "sql").layer("raw")
        if table.source
    }
    problems = []
    for source, connector in discover_connectors().items():
        for resource in connector.resources.values():
            table = contracts.pop((source, resource.name), None)
            if table is None:
                problems.append(f"{source}.{resource.name} has no contract in sql/raw")
                continue
            promised, yielded = arrow_schema(table), resource.schema
            problems += [
                f"{table.full_name}: the contract says {ours}, the connector yields {theirs}"
                for ours, theirs in zip(promised, yielded, strict=False)
                if not ours.equals(theirs)
            ]
            if len(promised) != len(yielded):
                problems.append(
                    f"{table.full_name}: {len(promised)} columns in the contract, "
                    f"{len(yielded)} in the connector"
                )
            if table.kind != resource.kind:
                problems.append(f"{table.full_name}: {table.kind}, but {resource.kind}")
    problems += [f"{table.path.name}: no connector yields it" for table in contracts.values()]
    assert not problems, "\n".join(["", *problems, CURE])


def test_every_source_has_a_test_named_for_it() -> None:
    tests = ROOT / "tests" / "connectors"
    untested = [
        source
        for source in discover_connectors()
        if not any(tests.glob(f"test_{source}*.py")) and not any((tests / source).glob("test_*.py"))
    ]
    assert not untested, (
        f"{untested}\nCure: write tests/connectors/test_<source>.py against a stand-in that speaks "
        "the vendor's own wire protocol."
    )
