"""What finance delivers of a world is read back by the files connector, to the kopeck."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from include.connectors.files import CONNECTOR
from include.connectors.protocol import Account
from include.sandbox.office_files import spell_office_files
from include.sandbox.sample_files import write_files
from include.sandbox.world.world import World

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SINCE, TODAY = date(2026, 2, 15), date(2026, 3, 10)


@pytest.fixture
def world() -> World:
    paid = {
        "crm": "bitrix24",
        "kind": "payment",
        "currency_code": "RUB",
        "payer_inn": "7701000017",
        "payer_name": 'ООО "Ромашка"',
        "document_number": "17",
    }
    moments = {
        1: (datetime(2026, 1, 31, 20, 59, tzinfo=UTC), 1_000_000, 180_000),
        2: (datetime(2026, 1, 31, 21, tzinfo=UTC), 244_000_550_000, 44_000_100_000),
        3: (datetime(2026, 3, 2, 9, tzinfo=UTC), 1_220_000_000, 220_000_000),
        4: (datetime(2026, 3, 5, 9, tzinfo=UTC), -610_000_000, -110_000_000),
        5: (datetime(2026, 3, 9, 21, tzinfo=UTC), 7_000_000, 0),
    }
    payments = [
        paid | {"payment_id": key, "paid_at": at, "amount_micros": micros, "vat_micros": vat}
        for key, (at, micros, vat) in moments.items()
    ]
    dollars = payments[2] | {"payment_id": 6, "currency_code": "USD"}
    letter = {"send_id": 9, "sent_at": datetime(2026, 3, 3, 9, tzinfo=UTC), "name": "Дайджест"}
    plan = {"month": date(2026, 3, 1), "channel": "paid_search", "amount_micros": 350_000_000_000}
    return World.of(
        payment=[*payments, dollars],
        email_campaign=[letter | {"recipients": 4000, "opens": 900, "clicks": 70}],
        plan_budget=[plan | {"currency_code": "RUB"}, plan | {"currency_code": "USD"}],
    )


def read_folder(folder: Path, project_root: Path) -> dict[str, list[dict]]:
    """Rows of every file by table; nothing may be rejected."""
    options = {"folder": str(folder), "mapping_folders": [str(project_root / "mappings")]}
    connector = CONNECTOR(Account("files", "office", options), lambda: NOW)
    rows: dict[str, list[dict]] = {}
    for piece in connector.plan([], NOW, None):
        batches = list(connector.fetch(connector.start(piece).token))
        assert not any(batch.rejected for batch in batches)
        found = [batch.rows for batch in batches if batch.rows is not None]
        rows.setdefault(piece.resource, [])
        rows[piece.resource] += pa.Table.from_batches(found).to_pylist() if found else []
    return rows


def test_statements_hold_each_payment_of_their_whole_months(world, tmp_path, project_root):
    written = write_files(tmp_path, spell_office_files(world, TODAY, SINCE))
    assert [path.name for path in written][:2] == ["kl_to_1c_2026-02.txt", "kl_to_1c_2026-03.txt"]
    payments = read_folder(tmp_path, project_root)["payment"]
    told = [
        (row["paid_date"], row["direction"], row["amount"], row["vat_amount"]) for row in payments
    ]
    assert sorted(told) == [
        (date(2026, 2, 1), "in", Decimal("244000.55"), Decimal("44000.10")),
        (date(2026, 3, 2), "in", Decimal("1220.00"), Decimal("220.00")),
        (date(2026, 3, 5), "out", Decimal("610.00"), Decimal("110.00")),
    ]
    assert {row["counterparty_name"] for row in payments} == {'ООО "Ромашка"'}
    assert {row["vat_basis"] for row in payments} == {"gross"}


def test_mailings_and_the_plan_are_delivered_too(world, tmp_path, project_root):
    write_files(tmp_path, spell_office_files(world, TODAY, SINCE))
    rows = read_folder(tmp_path, project_root)
    (letter,) = rows["email_campaign_daily"]
    assert (letter["sent"], letter["opened"], letter["clicked"]) == (4000, 900, 70)
    assert letter["cost_amount"] is None
    (plan,) = rows["budget_plan"]
    assert (plan["period_from"], plan["planned_cost_amount"], plan["vat_basis"]) == (
        date(2026, 3, 1),
        Decimal("350000.00"),
        "net",
    )
