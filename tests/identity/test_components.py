"""Persons made by SQL are the connected components that a textbook union-find makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.contracts.reader import read_catalog
from include.warehouse import run_sql, seeds
from include.warehouse.client import ClickHouseTarget, connect

SQL_ROOT = Path(__file__).resolve().parents[2] / "sql"
KINDS = ("phone", "email")
Contact = str | None
Lead = tuple[Contact, Contact]
"""Phone and e-mail; a value that starts with ``bad`` is one staging refused."""

pytestmark = pytest.mark.engine

_contact = st.one_of(st.none(), st.integers(0, 12).map(lambda n: f"v{n}"), st.just("bad"))
_leads = st.lists(st.tuples(_contact, _contact), min_size=1, max_size=20)


class Persons:
    """The link table made anew from generated leads."""

    def __init__(self, target: ClickHouseTarget) -> None:
        self.client = connect(target)
        catalog = read_catalog(SQL_ROOT)
        seeds.load(self.client, catalog, SQL_ROOT / "seeds")

    def of(self, leads: list[Lead]) -> dict[str, str]:
        """Lead key → key of its component."""
        tables = ("core.core_identity_evidence", "core.core_identity_part")
        for table in (*tables, "core.core_person_component"):
            self.client.command(f"truncate table {table}")
        held: list[list[str]] = []
        for n, lead in enumerate(leads):
            key = f"lead:files:a:{n:05}"
            held.append([key, "lead_id", key])
            held += [
                [key, kind, f"hash of {value}"]
                for kind, value in zip(KINDS, lead, strict=True)
                if value is not None and value != "bad"
            ]
        columns = ["record_key", "identifier_kind", "identifier_key"]
        self.client.insert(tables[1], held, column_names=columns)
        self.client.insert(
            tables[0], [["lead", *row] for row in held], column_names=["record_kind", *columns]
        )
        path = SQL_ROOT / "core" / "core_person_component.sql"
        run_sql.run(self.client, path, {}, target="core.core_person_component")
        rows = self.client.query(
            "select distinct record_key, component_key from core.core_person_component"
        ).result_rows
        assert len({record for record, _ in rows}) == len(rows), "a record in two components"
        return dict(rows)


def _expected(leads: list[Lead]) -> dict[str, str]:
    parent = list(range(len(leads)))

    def root(n: int) -> int:
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    holders = defaultdict(list)
    for n, lead in enumerate(leads):
        for kind, value in enumerate(lead):
            if value is not None and value != "bad":
                holders[(kind, value)].append(n)
    for first, *others in holders.values():
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    return {f"lead:files:a:{n:05}": f"lead:files:a:{root(n):05}" for n in range(len(leads))}


@pytest.fixture(scope="module")
def persons(house_target: ClickHouseTarget) -> Iterator[Persons]:
    made = Persons(house_target)
    yield made
    made.client.close()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(leads=_leads)
def test_persons_are_the_connected_components_and_bear_their_smallest_lead(
    persons: Persons, leads: list[Lead]
) -> None:
    assert persons.of(leads) == _expected(leads)


def test_a_chain_of_three_thousand_leads_is_one_person(persons: Persons) -> None:
    chain = [(f"p{n // 2}", f"e{(n + 1) // 2}") for n in range(3000)]
    assert set(persons.of(chain).values()) == {"lead:files:a:00000"}


def test_a_number_a_thousand_leads_share_makes_them_one_person(persons: Persons) -> None:
    assert set(persons.of([("p", None)] * 1000).values()) == {"lead:files:a:00000"}
