"""The head office's bank statements, mailing results and budget plan, as people deliver them.

One statement a month in the 1C text format, of the payments in roubles of all business lines; a
refund is an order of ours to the payer. What lies after the day they are written as of is not in
them, so the current month's file grows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from include.sandbox.world.world import World

MOSCOW = ZoneInfo("Europe/Moscow")
ACCOUNT = "40702810900000000001"
OWNER, OWNER_INN = 'ООО "Пример"', "7702000026"
PLAN_HEADER = (
    "Месяц",
    "Канал",
    "Активность",
    "Версия",
    "План расхода",
    "НДС",
    "План лидов",
    "План сделок",
    "План выручки",
)
MAIL_HEADER = (
    "Дата отправки",
    "ID",
    "Рассылка",
    "utm_campaign",
    "Отправлено",
    "Доставлено",
    "Открыто",
    "Переходы",
    "Отписалось",
    "Жалобы",
    "Стоимость",
)
_MICROS = 1_000_000


def spell_office_files(world: World, today: date, since: date) -> dict[str, bytes]:
    """Contents by file name: whole months from that of ``since``, and days before ``today``."""
    by_month: dict[date, list[Mapping[str, Any]]] = {}
    month = since.replace(day=1)
    while month < today:
        by_month[month] = []
        month = _next_month(month)
    for row in world.table("payment").to_pylist():
        day = _day(row)
        if row["currency_code"] == "RUB" and since.replace(day=1) <= day < today:
            by_month[day.replace(day=1)].append(row)
    contents = {
        f"kl_to_1c_{month:%Y-%m}.txt": _spell_statement(month, today, rows)
        for month, rows in by_month.items()
    }
    contents["email_results.csv"] = _spell_mailings(world, today, since)
    contents["budget_plan.csv"] = _spell_plan(world)
    return contents


def _spell_statement(month: date, today: date, rows: list[Mapping[str, Any]]) -> bytes:
    last = min(_next_month(month), today) - timedelta(days=1)
    period = (f"ДатаНачала={month:%d.%m.%Y}", f"ДатаКонца={last:%d.%m.%Y}")
    received = sum(row["amount_micros"] for row in rows if row["amount_micros"] > 0)
    paid = -sum(row["amount_micros"] for row in rows if row["amount_micros"] < 0)
    lines = [
        "1CClientBankExchange",
        "ВерсияФормата=1.03",
        "Кодировка=Windows",
        *period,
        f"РасчСчет={ACCOUNT}",
        "СекцияРасчСчет",
        *period,
        f"РасчСчет={ACCOUNT}",
        f"ВсегоПоступило={_rubles(received)}",
        f"ВсегоСписано={_rubles(paid)}",
        "КонецРасчСчет",
    ]
    for row in sorted(rows, key=lambda row: (row["paid_at"], row["payment_id"])):
        lines += _spell_document(row)
    return "\r\n".join([*lines, "КонецФайла", ""]).encode("cp1251", "replace")


def _spell_document(row: Mapping[str, Any]) -> Iterator[str]:
    is_refund = row["amount_micros"] < 0
    ours, theirs = ("Плательщик", "Получатель") if is_refund else ("Получатель", "Плательщик")
    day = f"{_day(row):%d.%m.%Y}"
    vat = abs(row["vat_micros"] or 0)
    words = f"в т.ч. НДС - {_rubles(vat)}" if vat else "НДС не облагается"
    yield "СекцияДокумент=Платежное поручение"
    yield f"Номер={row['document_number']}"
    yield f"Дата={day}"
    yield f"Сумма={_rubles(abs(row['amount_micros']))}"
    yield f"{ours}Счет={ACCOUNT}"
    yield f"{ours}ИНН={OWNER_INN}"
    yield f"{ours}={OWNER}"
    yield f"{theirs}Счет=4070281050000{row['payment_id'] % 10_000_000:07d}"
    yield f"{theirs}ИНН={row['payer_inn'] or ''}"
    yield f"{theirs}={row['payer_name'] or ''}"
    yield f"{'ДатаСписано' if is_refund else 'ДатаПоступило'}={day}"
    yield f"НазначениеПлатежа={'Возврат' if is_refund else 'Оплата'} по договору, {words}"
    yield "КонецДокумента"


def _spell_mailings(world: World, today: date, since: date) -> bytes:
    rows = []
    for row in world.table("email_campaign").to_pylist():
        day = row["sent_at"].astimezone(MOSCOW).date()
        if since <= day < today:
            figures = (row["recipients"], "", row["opens"], row["clicks"], "", "", "")
            rows.append((f"{day:%d.%m.%Y}", row["send_id"], row["name"], "", *figures))
    return _spell_table(MAIL_HEADER, rows)


def _spell_plan(world: World) -> bytes:
    rows = []
    for row in world.table("plan_budget").to_pylist():
        if row["currency_code"] == "RUB":
            planned = _rubles(row["amount_micros"]).replace(".", ",")
            month = f"{row['month']:%m.%Y}"
            rows.append((month, row["channel"], "", "", planned, "без НДС", "", "", ""))
    return _spell_table(PLAN_HEADER, rows)


def _spell_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([header, *rows])
    return out.getvalue().encode()


def _day(row: Mapping[str, Any]) -> date:
    paid_at: datetime = row["paid_at"]
    return paid_at.astimezone(MOSCOW).date()


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _rubles(micros: int) -> str:
    return f"{Decimal(micros) / _MICROS:.2f}"
