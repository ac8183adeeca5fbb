"""What a connector says of itself is complete, and true of its tables."""

from __future__ import annotations

from dataclasses import fields

import pytest

from include.ingestion.sources import discover_connectors
from tests.connectors.contract.conftest import CASES, CONNECTOR_TESTS

CONNECTORS = discover_connectors()
WITHOUT_VENDOR = {"files": "a folder has no vendor to stand in for"}


@pytest.mark.parametrize("source", sorted(CONNECTORS))
def test_every_connector_has_a_case(source: str) -> None:
    if source in WITHOUT_VENDOR:
        pytest.skip(WITHOUT_VENDOR[source])
    assert source in CASES, f"write {CONNECTOR_TESTS / source / 'contract_case.py'}"


@pytest.mark.parametrize("source", sorted(CONNECTORS))
def test_the_profile_says_everything(source: str) -> None:
    profile = CONNECTORS[source].profile
    assert all(getattr(profile, field.name) for field in fields(profile) if field.type == "str")
    assert CONNECTORS[source].version


@pytest.mark.parametrize("source", sorted(CONNECTORS))
def test_every_resource_says_what_its_reader_must_know(source: str) -> None:
    for name, resource in CONNECTORS[source].resources.items():
        assert resource.facts is not None, f"{source}/{name} has no facts"
        missing = [f.name for f in fields(resource.facts) if not getattr(resource.facts, f.name)]
        assert not missing, f"{source}/{name}: {missing}"


@pytest.mark.parametrize("source", sorted(CONNECTORS))
def test_money_is_exact_and_names_its_currency(source: str) -> None:
    for name, resource in CONNECTORS[source].resources.items():
        for field in resource.schema:
            is_money = field.name.endswith(("_micros", "_amount", "_rub", "_kopecks"))
            if is_money:
                kind = str(field.type)
                assert kind.startswith(("int", "decimal")), f"{name}.{field.name} is {kind}"


@pytest.mark.parametrize("source", sorted(CONNECTORS))
def test_instants_are_utc(source: str) -> None:
    for name, resource in CONNECTORS[source].resources.items():
        for field in resource.schema:
            if field.name.endswith("_at"):
                assert str(field.type) in ("timestamp[us, tz=UTC]", "timestamp[ms, tz=UTC]"), (
                    f"{name}.{field.name} is {field.type}"
                )
