"""The sample company's drop folder, written the way such companies export.

Leads are cp1251 CSV with semicolons, one file a month; deals a workbook; offline costs a TSV with a
byte order mark. A few rows are wrong on purpose and belong in quarantine (:data:`SPOILT_ROWS` of
them). The same seed and day give the same bytes, so a second call changes nothing.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from openpyxl import Workbook

from include.sandbox.sample_company import (
    Deal,
    Lead,
    OfflineCost,
    SampleCompany,
    invent_company,
)

SEED = 20260301
DAYS = 45
SPOILT_ROWS = {"lead": 4, "deal": 2, "ad_cost_daily": 1}
"""Rows per table that no mapping can type."""

LEAD_HEADER = [
    "Номер заявки",
    "Дата создания",
    "Источник",
    "Страница",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "yclid",
    "Телефон",
    "E-mail",
    "Контактное лицо",
    "Компания",
    "Город",
    "Бюджет",
]
DEAL_HEADER = [
    "№ сделки",
    "Заявка",
    "Клиент",
    "Стадия",
    "Создана",
    "Закрыта",
    "Сумма, ₽",
    "Телефон",
    "E-mail",
    "Менеджер",
]
COST_HEADER = ("Дата", "Канал", "Активность", "Сумма с НДС", "Контакты")
_MANAGERS = ("Орлова", "Зимин", "Белов")
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def write_sample_files(
    folder: str | Path, seed: int = SEED, today: date | None = None, days: int = DAYS
) -> list[Path]:
    """Write the drop folder and return its files; ``today`` defaults to the day in Moscow."""
    today = today or datetime.now(ZoneInfo("Europe/Moscow")).date()
    return write_company_files(folder, invent_company(seed, today, days))


def write_company_files(folder: str | Path, company: SampleCompany) -> list[Path]:
    """Write a company's records, with the rows that are wrong on purpose, and return the files."""
    contents = {f"crm_leads_{month}.csv": data for month, data in _spell_leads(company.leads)}
    contents["crm_deals.xlsx"] = _spell_deals(company.deals)
    contents["offline_costs.tsv"] = _spell_costs(company.costs)
    return write_files(folder, contents)


def write_files(folder: str | Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Put files in place, each whole, by their names, and return them."""
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    return [_write(root / name, data) for name, data in contents.items()]


def _write(path: Path, data: bytes) -> Path:
    """Put the file in place whole, and leave it alone when it is the same already."""
    if not path.is_file() or path.read_bytes() != data:
        partial = path.with_name(path.name + ".part")
        partial.write_bytes(data)
        partial.replace(path)
    return path


def _spell_leads(leads: Sequence[Lead]) -> list[tuple[str, bytes]]:
    by_month: dict[str, list[Sequence[str]]] = defaultdict(list)
    for lead in leads:
        by_month[f"{lead.created_at:%Y-%m}"].append(_lead_cells(lead))
    _spoil_leads(by_month[max(by_month)])
    found = []
    for month, rows in sorted(by_month.items()):
        out = io.StringIO()
        csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([LEAD_HEADER, *rows])
        found.append((month, out.getvalue().encode("cp1251")))
    return found


def _lead_cells(lead: Lead) -> list[str]:
    return [
        lead.lead_id,
        f"{lead.created_at:%d.%m.%Y %H:%M:%S}",
        lead.source_label,
        lead.landing_page,
        *lead.utm,
        lead.click_id,
        lead.phone,
        lead.email,
        lead.person.name,
        # Somebody pastes addresses with line breaks into the company's name.
        lead.person.company + ("\nсклад 2" if lead.lead_id.endswith("77") else ""),
        lead.city,
        lead.budget,
    ]


def _spoil_leads(rows: list[Sequence[str]]) -> None:
    """Add rows that cannot be typed: no number, no such day, a day only, a cell too many."""
    plain = list(rows[0])
    rows.append(["", *plain[1:]])
    rows.append(["L-90001", "31.02.2026 10:00:00", *plain[2:]])
    rows.append(["L-90002", "вчера", *plain[2:]])
    rows.append(["L-90003", *plain[1:], "лишнее"])


def _spell_deals(deals: Sequence[Deal]) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = "Сделки"
    sheet.append(DEAL_HEADER)
    for place, deal in enumerate(deals):
        sheet.append(_deal_cells(place, deal))
    sheet.append(["D-9001", "", "C0011", "Дубль", datetime(2026, 1, 12, 9)])  # noqa: DTZ001
    sheet.append(["D-9002", "", "C0012", "В работе", None, None, "по договорённости"])
    out = io.BytesIO()
    book.save(out)
    return _freeze_zip(out.getvalue())


def _deal_cells(place: int, deal: Deal) -> list[object]:
    amount: object = deal.amount
    if deal.amount is not None and place % 9 == 4:
        # Typed by hand as text, the Russian way.
        amount = f"{deal.amount:,.2f}".replace(",", " ").replace(".", ",")
    closed: object = deal.closed_at
    if deal.closed_at is not None and place % 11 == 5:
        closed = f"{deal.closed_at:%d.%m.%Y %H:%M}"
    return [
        deal.deal_id,
        deal.lead_id or None,
        deal.customer_id,
        deal.stage,
        deal.created_at,
        closed,
        amount,
        deal.phone or None,
        deal.email or None,
        _MANAGERS[place % len(_MANAGERS)],
    ]


def _freeze_zip(data: bytes) -> bytes:
    """The same archive without any moment of saving in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist(), key=lambda item: (item != "[Content_Types].xml", item)):
            content = old.read(name)
            if name == "docProps/core.xml":
                moment = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
                content = re.sub(moment, b"2026-01-01T00:00:00Z", content)
            info = zipfile.ZipInfo(name, _ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, content)
    return out.getvalue()


def _spell_costs(costs: Sequence[OfflineCost]) -> bytes:
    rows = [
        [
            f"{cost.day:%d.%m.%Y}",
            cost.channel,
            cost.activity,
            f"{cost.amount:,}".replace(",", " ") + ",00",
            str(cost.contacts),
        ]
        for cost in costs
    ]
    if rows:
        rows.append([rows[-1][0], "Выставка", "Доставка образцов", "уточняется", ""])
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\r\n").writerows([COST_HEADER, *rows])
    return out.getvalue().encode("utf-8-sig")
