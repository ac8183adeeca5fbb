"""The head office exports what it knew at the end of the day before, and nothing of later."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from include.sandbox.sample_files import write_company_files
from include.sandbox.world.world import World
from include.sandbox.world_company import read_company

TODAY = date(2026, 3, 10)


def _at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    lead = {
        "crm": "bitrix24",
        "name": "Соколов Иван",
        "company_title": "ООО Гидромаш",
        "phone": "+79001234567",
        "source": "CALL",
        "stage_id": "NEW",
    }
    deal = {
        "crm": "bitrix24",
        "contact_id": 7,
        "company_id": 70,
        "pipeline_id": 0,
        "amount_micros": 118_000_500_000,
        "currency_code": "RUB",
    }
    event = {"crm": "bitrix24", "entity": "deal", "entity_id": 1, "pipeline_id": 0}
    return World.of(
        crm_lead=[
            lead | {"lead_id": 1, "created_at": _at(8), "updated_at": _at(8), "deal_id": 1},
            lead | {"lead_id": 2, "created_at": _at(9, 22), "updated_at": _at(9, 22)},
            lead | {"lead_id": 3, "crm": "amocrm", "created_at": _at(8), "updated_at": _at(8)},
            lead | {"lead_id": 4, "created_at": _at(7), "updated_at": _at(8), "deleted_at": _at(8)},
        ],
        crm_deal=[
            deal
            | {
                "deal_id": 1,
                "lead_id": 1,
                "stage_id": "WON",
                "created_at": _at(8),
                "updated_at": _at(12),
                "closed_at": _at(12),
            }
        ],
        crm_contact=[
            {
                "crm": "bitrix24",
                "contact_id": 7,
                "phones": ["8 900 123 45 67"],
                "emails": [],
                "created_at": _at(8),
                "updated_at": _at(8),
            }
        ],
        crm_stage=[
            {"crm": "bitrix24", "pipeline_id": 0, "stage_id": name, "semantics": semantics}
            for name, semantics in (("NEW", "open"), ("WON", "won"), ("LOSE", "lost"))
        ],
        crm_stage_event=[
            event | {"event_id": 1, "stage_id": "NEW", "occurred_at": _at(8)},
            event | {"event_id": 2, "stage_id": "WON", "occurred_at": _at(12)},
        ],
        offline_cost=[
            {
                "cost_date": date(year, month, 1),
                "channel": "email",
                "name": "Дайджест",
                "amount_micros": 1_000_000_000,
                "currency_code": "RUB",
                "is_vat_included": False,
            }
            for year, month in ((2025, 12), (2026, 1), (2026, 4))
        ],
    )


def test_leads_are_those_created_before_the_day_began_in_moscow(world: World) -> None:
    leads = read_company(world, TODAY).leads
    assert [lead.lead_id for lead in leads] == ["L-000001"]
    assert leads[0].created_at == datetime(2026, 3, 8, 12)  # noqa: DTZ001 - the office's own clock
    assert leads[0].source_label == "Звонок"


def test_a_deal_has_the_state_it_had_that_day(world: World) -> None:
    (before,) = read_company(world, TODAY).deals
    (after,) = read_company(world, date(2026, 3, 13)).deals
    assert (before.stage, before.closed_at) == ("В работе", None)
    assert (after.stage, after.amount) == ("Успешно реализована", 118_000.5)
    assert (after.lead_id, after.customer_id, after.phone) == (
        "L-000001",
        "C000070",
        "8 900 123 45 67",
    )


def test_offline_costs_carry_the_vat_of_their_day(world: World) -> None:
    assert [cost.amount for cost in read_company(world, TODAY).costs] == [1200, 1220]


def test_the_export_of_a_world_is_written_as_files(world: World, tmp_path: Path) -> None:
    written = write_company_files(tmp_path, read_company(world, TODAY))
    assert [path.name for path in written] == [
        "crm_leads_2026-03.csv",
        "crm_deals.xlsx",
        "offline_costs.tsv",
    ]
    assert "Соколов Иван" in written[0].read_bytes().decode("cp1251")
