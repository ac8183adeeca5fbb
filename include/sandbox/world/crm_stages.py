"""Pipelines, stages, reasons and products groups of the three CRMs, as their admins set them up.

Stage ids are words of ours; where a CRM has words of its own for the same place, they are these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

import pyarrow as pa

from include.sandbox.world.crm_state import LEAD_PIPELINE
from include.sandbox.world.incidents import make_incidents
from include.sandbox.world.sizes import Size
from include.sandbox.world.tables import TABLES

Stage = tuple[str, str, str]
"""Id, name, semantics."""


@dataclass(frozen=True)
class Pipeline:
    """The open stages are in the order in which deals go through them."""

    pipeline_id: int
    name: str
    stages: tuple[Stage, ...]

    def of(self, semantics: str) -> list[str]:
        """Ids of its stages of one kind."""
        return [stage_id for stage_id, _, kind in self.stages if kind == semantics]


@dataclass(frozen=True)
class CrmSetup:
    """``lead`` holds the statuses of leads; the first of ``deals`` is the default pipeline."""

    crm: str
    lead: Pipeline
    deals: tuple[Pipeline, ...]
    lost_reasons: tuple[str, ...]
    junk_reasons: tuple[str, ...]


SETUPS: tuple[CrmSetup, ...] = (
    CrmSetup(
        "bitrix24",
        Pipeline(
            LEAD_PIPELINE,
            "",
            (
                ("new", "Не обработан", "open"),
                ("in_process", "В работе", "open"),
                ("processed", "Обработан", "open"),
                ("converted", "Качественный лид", "won"),
                ("junk", "Некачественный лид", "lost"),
            ),
        ),
        (
            Pipeline(
                0,
                "Общая",
                (
                    ("new", "Новая", "open"),
                    ("preparation", "Подготовка КП", "open"),
                    ("prepayment_invoice", "Счёт на предоплату", "open"),
                    ("executing", "В работе", "open"),
                    ("final_invoice", "Финальный счёт", "open"),
                    ("won", "Сделка успешна", "won"),
                    ("lose", "Сделка провалена", "lost"),
                    ("apology", "Анализ причины провала", "lost"),
                ),
            ),
            Pipeline(
                3,
                "Тендеры",
                (
                    ("new", "Новый тендер", "open"),
                    ("documents", "Документы", "open"),
                    ("bidding", "Торги", "open"),
                    ("contract", "Договор", "open"),
                    ("won", "Выигран", "won"),
                    ("lose", "Проигран", "lost"),
                ),
            ),
        ),
        ("Дорого", "Купили у другого", "Нет в наличии", "Долго отвечали", "Проект отменён"),
        ("Спам", "Не дозвонились", "Не наш товар", "Розница", "Дубль"),
    ),
    CrmSetup(
        "amocrm",
        Pipeline(
            LEAD_PIPELINE,
            "",
            (
                ("unsorted", "Неразобранное", "open"),
                ("contacting", "Первичный контакт", "open"),
                ("accepted", "Принято в работу", "won"),
                ("declined", "Отклонено", "lost"),
            ),
        ),
        (
            Pipeline(
                1,
                "Воронка",
                (
                    ("talks", "Переговоры", "open"),
                    ("offer", "Отправлено предложение", "open"),
                    ("decision", "Принимают решение", "open"),
                    ("contract", "Согласование договора", "open"),
                    ("won", "Успешно реализовано", "won"),
                    ("lost", "Закрыто и не реализовано", "lost"),
                ),
            ),
            Pipeline(
                2,
                "Повторные продажи",
                (
                    ("request", "Запрос", "open"),
                    ("offer", "Отправлено предложение", "open"),
                    ("won", "Успешно реализовано", "won"),
                    ("lost", "Закрыто и не реализовано", "lost"),
                ),
            ),
        ),
        ("Слишком дорого", "Пропала потребность", "Не устроили сроки", "Выбрали других"),
        ("Спам", "Нет связи", "Не целевой", "Дубль"),
    ),
    CrmSetup(
        "hubspot",
        Pipeline(
            LEAD_PIPELINE,
            "",
            (
                ("new", "New", "open"),
                ("attempted_to_contact", "Attempted to Contact", "open"),
                ("connected", "Connected", "open"),
                ("open_deal", "Open Deal", "won"),
                ("unqualified", "Unqualified", "lost"),
            ),
        ),
        (
            Pipeline(
                0,
                "Sales Pipeline",
                (
                    ("appointmentscheduled", "Appointment Scheduled", "open"),
                    ("qualifiedtobuy", "Qualified To Buy", "open"),
                    ("presentationscheduled", "Presentation Scheduled", "open"),
                    ("decisionmakerboughtin", "Decision Maker Bought-In", "open"),
                    ("contractsent", "Contract Sent", "open"),
                    ("closedwon", "Closed Won", "won"),
                    ("closedlost", "Closed Lost", "lost"),
                ),
            ),
            Pipeline(
                7,
                "Distributors",
                (
                    ("application", "Application", "open"),
                    ("terms", "Terms", "open"),
                    ("partnerwon", "Signed", "won"),
                    ("partnerlost", "Rejected", "lost"),
                ),
            ),
        ),
        ("Price", "Lost to competitor", "No budget", "Slow response", "Timing"),
        ("Spam", "No answer", "Not a fit", "Duplicate"),
    ),
)
SETUP_OF_CRM = {setup.crm: setup for setup in SETUPS}
RENAMED = ("preparation", "Расчёт и КП")
"""The stage whose name a ``renamed_stage`` incident changes, and its name afterwards."""


def make_stage_tables(size: Size) -> dict[str, pa.Table]:
    """``crm_pipeline`` and ``crm_stage`` of all three CRMs."""
    renames = {i.crm: i.date_from for i in make_incidents(size) if i.kind == "renamed_stage"}
    pipelines: list[dict[str, object]] = []
    stages: list[dict[str, object]] = []
    for setup in SETUPS:
        for number, pipeline in enumerate((setup.lead, *setup.deals)):
            if pipeline.pipeline_id != LEAD_PIPELINE:
                row = {"pipeline_id": pipeline.pipeline_id, "name": pipeline.name}
                pipelines.append({"crm": setup.crm, **row, "sort": number * 100})
            for place, (stage_id, name, semantics) in enumerate(pipeline.stages):
                stage: dict[str, object] = {
                    "crm": setup.crm,
                    "pipeline_id": pipeline.pipeline_id,
                    "stage_id": stage_id,
                    "name": name,
                    "sort": (place + 1) * 10,
                    "semantics": semantics,
                }
                day = renames.get(setup.crm)
                if day is not None and stage_id == RENAMED[0]:
                    renamed_at = datetime.combine(day, time(8, 12), UTC)
                    stage |= {"name": RENAMED[1], "old_name": name, "renamed_at": renamed_at}
                stages.append(stage)
    return {
        "crm_pipeline": _table("crm_pipeline", pipelines),
        "crm_stage": _table("crm_stage", stages),
    }


def _table(name: str, rows: Sequence[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=TABLES[name])
