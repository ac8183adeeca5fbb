"""Each template reads the example its documentation shows, exactly, and refuses what is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from include.connectors.files import CONNECTOR
from include.connectors.files.mapping_library import MappingLibrary
from include.connectors.protocol import Account, BadInput, KnownSlice
from tests.connectors.files.reading import read_bytes
from tests.connectors.files.template_page import MAPPINGS, TEMPLATES

NOW = datetime(2026, 3, 10, tzinfo=UTC)
FRAME = ("account_id", "file_name", "line_number")
RUB_GROSS = {"currency_code": "RUB", "vat_basis": "gross"}
PAYER = {
    "counterparty_inn": "7701000017",
    "counterparty_kpp": "770101001",
    "counterparty_account": "40702810500000000777",
    "own_account": "40702810900000000001",
}
PAYEE = {
    "counterparty_inn": "770300003512",
    "counterparty_account": "40802810300000000555",
    "own_account": "40702810900000000001",
}
SALE = {
    "document_number": "0000-000031",
    "sold_at": datetime(2026, 3, 4, 12, 20, tzinfo=UTC),
    "customer_name": "ООО Ромашка",
    "customer_inn": "7701000017",
    "customer_kpp": "770101001",
    "contract_name": "Договор 5 от 01.02.2026",
    "deal_id": "З-1001",
    "sku": "НС-40",
    "product_name": "Насос НС-40",
    "quantity": Decimal("2.5"),
    "unit_name": "шт",
    "amount": Decimal("244000"),
    "vat_rate_label": "22%",
    "vat_amount": Decimal("44000"),
    "cost_amount": Decimal("131500.25"),
    "cost_vat_basis": "net",
    **RUB_GROSS,
}
ANSWER = {
    "answer_id": "a-1",
    "answered_at": datetime(2026, 3, 5, 15, 2, tzinfo=UTC),
    "survey_name": "NPS март",
    "customer_id": "C0017",
    "email": "a@firm.example.ru",
    "person_name": "Анна",
    "company_name": "ООО Ромашка",
}
EXPECTED: dict[str, list[dict]] = {
    "template_bank_statement": [
        {
            "paid_date": date(2026, 3, 3),
            "direction": "in",
            "amount": Decimal("244000"),
            "vat_amount": Decimal("44000"),
            "document_kind": "Платежное поручение",
            "document_number": "17",
            "document_date": date(2026, 3, 2),
            "counterparty_name": 'ООО "Ромашка"',
            "purpose": "Оплата по счету 15 от 01.03.2026, в т.ч. НДС 22% - 44000.00",
            **PAYER,
            **RUB_GROSS,
        },
        {
            "paid_date": date(2026, 3, 4),
            "direction": "out",
            "amount": Decimal("85400.50"),
            "document_kind": "Платежное поручение",
            "document_number": "8",
            "document_date": date(2026, 3, 4),
            "counterparty_name": "ИП Петров Петр Петрович",
            "purpose": "Аренда стенда на выставке. НДС не облагается",
            **PAYEE,
            "currency_code": "RUB",
            "vat_basis": "none",
        },
    ],
    "template_bank_table": [
        {
            "paid_date": date(2026, 3, 3),
            "direction": "in",
            "amount": Decimal("244000"),
            "document_number": "17",
            "counterparty_name": "ООО Ромашка",
            "purpose": "Оплата по счету 15",
            **PAYER,
            "currency_code": "RUB",
            "vat_basis": "unknown",
        },
        {
            "paid_date": date(2026, 3, 4),
            "direction": "out",
            "amount": Decimal("85400.50"),
            "document_number": "8",
            "counterparty_name": "ИП Петров П. П.",
            "purpose": "Аренда стенда",
            **PAYEE,
            "currency_code": "RUB",
            "vat_basis": "unknown",
        },
    ],
    "template_1c_payments": [
        {
            "paid_at": datetime(2026, 3, 3, 9, tzinfo=UTC),
            "direction": "in",
            "document_kind": "Оплата от покупателя",
            "document_number": "0000-000017",
            "counterparty_name": "ООО Ромашка",
            "counterparty_inn": "7701000017",
            "counterparty_kpp": "770101001",
            "amount": Decimal("244000"),
            "vat_amount": Decimal("44000"),
            "invoice_number": "15",
            "deal_id": "З-1001",
            "purpose": "Оплата по счету 15",
            **RUB_GROSS,
        },
        {
            "paid_at": datetime(2026, 3, 4, 21, tzinfo=UTC),
            "direction": "out",
            "document_kind": "Возврат покупателю",
            "document_number": "0000-000018",
            "counterparty_name": "ИП Петров П. П.",
            "counterparty_inn": "770300003512",
            "amount": Decimal("1500"),
            "purpose": "Возврат аванса",
            "currency_code": "RUB",
            "vat_basis": "none",
        },
    ],
    "template_1c_sales": [
        SALE,
        SALE
        | {
            "document_number": "0000-000032",
            "sold_at": datetime(2026, 3, 5, 21, tzinfo=UTC),
            "quantity": Decimal(-1),
            "amount": Decimal(-97600),
            "vat_amount": Decimal(-17600),
            "cost_amount": None,
        },
    ],
    "template_event_costs": [
        {
            "stats_date": date(2026, 3, 2),
            "channel_label": "Выставка",
            "campaign_name": "Металл-Экспо",
            "cost_amount": Decimal("610000"),
            **RUB_GROSS,
            "extra": [("Статья", "Аренда стенда")],
        },
        {
            "stats_date": date(2026, 3, 3),
            "channel_label": "Выставка",
            "campaign_name": "Металл-Экспо",
            "cost_amount": Decimal("45300.50"),
            "currency_code": "RUB",
            "vat_basis": "none",
            "extra": [("Статья", "Командировки"), ("Комментарий", "два человека")],
        },
    ],
    "template_email_results": [
        {
            "stats_date": date(2026, 3, 3),
            "campaign_name": "Весенний прайс",
            "campaign_id": "881",
            "channel_label": "E-mail",
            "utm_campaign": "spring_price",
            "sent": 12500,
            "delivered": 12240,
            "opened": 3100,
            "clicked": 412,
            "unsubscribed": 17,
            "complained": 2,
            "cost_amount": Decimal("6250"),
            **RUB_GROSS,
        },
        {
            "stats_date": date(2026, 3, 10),
            "campaign_name": "Вебинар",
            "campaign_id": "882",
            "channel_label": "E-mail",
            "utm_campaign": "webinar",
            "sent": 4000,
            "delivered": 3951,
            "opened": 1200,
            "clicked": 305,
            "unsubscribed": 4,
            **RUB_GROSS,
        },
    ],
    "template_chat_touches": [
        {
            "touch_id": "d-501",
            "happened_at": datetime(2026, 3, 3, 7, 15, 30, tzinfo=UTC),
            "channel_label": "Telegram",
            "campaign_name": "Бот цен",
            "direction": "in",
            "phone": "+7 900 000-00-01",
            "messenger_id": "@romashka",
            "person_name": "Анна",
            "company_name": "ООО Ромашка",
            "lead_id": "L-17",
        },
        {
            "touch_id": "d-502",
            "happened_at": datetime(2026, 3, 3, 20, 40, tzinfo=UTC),
            "channel_label": "Чат на сайте",
            "direction": "out",
            "email": "a@firm.example.ru",
            "client_id": "1709400000123456789",
        },
    ],
    "template_event_contacts": [
        {
            "happened_date": date(2026, 3, 2),
            "channel_label": "Выставка",
            "campaign_name": "Металл-Экспо",
            "direction": "in",
            "phone": "8 900 000-00-01",
            "email": "a@firm.example.ru",
            "person_name": "Анна Соколова",
            "company_name": "ООО Ромашка",
            "company_inn": "7701000017",
            "extra": [("Интерес", "насосы")],
        },
        {
            "happened_date": date(2026, 3, 3),
            "channel_label": "Выставка",
            "campaign_name": "Металл-Экспо",
            "direction": "in",
            "person_name": "Пётр",
            "extra": [("Интерес", "просил прайс")],
        },
    ],
    "template_budget_plan": [
        {
            "period_from": date(2026, 3, 1),
            "period_kind": "month",
            "channel_label": "Яндекс Директ",
            "campaign_name": "Поиск",
            "plan_version": "март",
            "planned_cost_amount": Decimal("350000"),
            "planned_leads": 120,
            "planned_deals": 9,
            "planned_revenue_amount": Decimal("2700000"),
            **RUB_GROSS,
        },
        {
            "period_from": date(2026, 4, 1),
            "period_kind": "month",
            "channel_label": "Выставка",
            "plan_version": "март",
            "planned_cost_amount": Decimal("800000"),
            **RUB_GROSS,
        },
    ],
    "template_product_cost": [
        {
            "sku": "НС-40",
            "product_name": "Насос НС-40",
            "unit_name": "шт",
            "valid_from": valid_from,
            "unit_cost": Decimal(cost),
            "currency_code": "RUB",
            "vat_basis": "net",
        }
        for valid_from, cost in ((date(2026, 1, 1), "52600.1234"), (date(2026, 3, 1), "54100"))
    ],
    "template_market_figures": [
        {
            "period_from": date(2026, 1, 1),
            "period_kind": "quarter",
            "metric": "Объём рынка насосов",
            "region": "Россия",
            "figure": Decimal("18450.75"),
            "unit_name": "млн руб.",
            "source_label": "Отраслевой обзор",
        },
        {
            "period_from": date(2026, 1, 1),
            "period_kind": "year",
            "metric": "Доля рынка",
            "region": "ЦФО",
            "segment": "бытовые",
            "figure": Decimal("0.125"),
            "unit_name": "доля",
            "source_label": "Оценка",
        },
    ],
    "template_loyalty_survey": [
        ANSWER | {"question": "Готовы ли рекомендовать нас?", "score": Decimal(9)},
        ANSWER | {"question": "Что улучшить?", "answer_text": "Быстрее отвечать в чате"},
    ],
}
SPOILT = {
    "template_bank_statement": ("Сумма=85400.50", "Сумма=восемьдесят", "bad_decimal"),
    "template_bank_table": (";;85 400,50;", ";1,00;85 400,50;", "two_filled"),
    "template_1c_payments": ("Возврат покупателю", "Прочее списание", "unknown_direction"),
    "template_1c_sales": ("06.03.2026;", "31.02.2026;", "bad_datetime"),
    "template_event_costs": ("45 300,50", "уточняется", "bad_decimal"),
    "template_email_results": (";1200;", ";30 %;", "bad_integer"),
    "template_chat_touches": ("03.03.2026 23:40", "", "missing_required"),
    "template_event_contacts": ("03.03.2026", "вчера", "bad_date"),
    "template_budget_plan": ("01.04.2026", "Апрель 2026", "bad_date"),
    "template_product_cost": ("54 100", "54.100", "bad_decimal"),
    "template_market_figures": (";год;", ";полугодие;", "unknown_period_kind"),
    "template_loyalty_survey": ("Быстрее отвечать в чате", "", "missing_required"),
}


def stated(row: dict) -> dict:
    """What a row says, without where it came from."""
    return {
        name: value for name, value in row.items() if value not in (None, []) if name not in FRAME
    }


def test_every_template_has_its_section_and_every_section_its_template():
    on_disk = {path.stem for path in MAPPINGS.glob("template_*.yaml")}
    assert set(TEMPLATES) == on_disk == set(EXPECTED) == set(SPOILT)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_reads_its_example_exactly(name):
    template = TEMPLATES[name]
    answer = read_bytes(template.data, template.mapping, template.file_name)
    assert answer.rejected == []
    expected = [{k: v for k, v in row.items() if v is not None} for row in EXPECTED[name]]
    assert [stated(row) for row in answer.rows] == expected


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_section_describes_every_column_its_mapping_fills(name):
    template = TEMPLATES[name]
    table = "\n".join(line for line in template.text.splitlines() if line.startswith("|"))
    for rule in template.mapping.columns.values():
        if rule.const is None:
            assert f"`{rule.name}`" in table, rule.name
            for source in rule.sources:
                assert f"`{source}`" in table, source


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_bad_row_of_a_template_is_set_aside_with_its_reason(name, caplog):
    template = TEMPLATES[name]
    old, new, code = SPOILT[name]
    assert old in template.example
    data = template.spell(template.example.replace(old, new, 1))
    answer = read_bytes(data, template.mapping, template.file_name)
    assert [reason for _, reason in answer.codes] == [code]
    expected = {k: v for k, v in EXPECTED[name][0].items() if v is not None}
    assert [stated(row) for row in answer.rows] == [expected]
    assert "does not mention" not in caplog.text


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_projects_mappings_claim_the_example_for_its_template_alone(name):
    library = MappingLibrary([[template.mapping for template in TEMPLATES.values()]])
    found = library.find(TEMPLATES[name].file_name)
    assert found is not None and found.name == name


def test_a_template_delivered_again_replaces_its_former_rows(tmp_path: Path):
    options = {"folder": str(tmp_path), "mapping_folders": [str(MAPPINGS)]}
    for template in TEMPLATES.values():
        (tmp_path / template.file_name).write_bytes(template.data)
    first = CONNECTOR(Account("files", "drop", options), lambda: NOW).plan([], NOW, None)
    assert {piece.resource for piece in first} == {
        template.mapping.entity.resource.name for template in TEMPLATES.values()
    }
    known = [KnownSlice(piece.resource, piece.key, "", NOW, 2, piece.watermark) for piece in first]
    for template in TEMPLATES.values():
        if template.name != "template_bank_statement":
            shorter = "\n".join(template.example.splitlines()[:2]) + "\n"
            (tmp_path / template.file_name).write_bytes(template.spell(shorter))
    connector = CONNECTOR(Account("files", "drop", options), lambda: NOW)
    again = connector.plan(known, NOW, None)
    assert len(again) == len(TEMPLATES) - 1
    assert {(piece.resource, piece.key) for piece in again} < {
        (piece.resource, piece.key) for piece in first
    }
    for piece in again:
        batches = list(connector.fetch(connector.start(piece).token))
        assert sum(batch.rows.num_rows for batch in batches) == 1


def test_a_template_that_lacks_a_column_stops_the_file_and_names_it():
    template = TEMPLATES["template_1c_sales"]
    data = template.spell(template.example.replace("Себестоимость", "Себест.", 1))
    with pytest.raises(BadInput, match="no column 'Себестоимость'"):
        read_bytes(data, template.mapping, template.file_name)
