"""One document of a 1C bank statement, and what follows from its keys."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from include.connectors.files.purpose_vat import read_vat

INCOMING, OUTGOING, OWN = "приход", "расход", "перевод"
DERIVED = (
    "ВидДокумента",
    "Направление",
    "ДатаОперации",
    "НашСчет",
    "Контрагент",
    "КонтрагентИНН",
    "КонтрагентКПП",
    "КонтрагентСчет",
    "Назначение",
    "БазаНДС",
    "СуммаНДС",
)
"""Names of the columns the reader adds."""
_SIDE_KEYS = ("", "1", "ИНН", "КПП", "Счет", "РасчСчет", "Банк1", "Банк2", "БИК", "Корсчет")
STANDARD = frozenset(
    {
        *(side + key for side in ("Плательщик", "Получатель") for key in _SIDE_KEYS),
        *("Номер", "Дата", "Сумма", "ДатаСписано", "ДатаПоступило", "НазначениеПлатежа"),
        *("ВидПлатежа", "ВидОплаты", "Очередность", "Код", "СтатусСоставителя"),
        *("ПоказательКБК", "ОКАТО", "ПоказательОснования", "ПоказательПериода"),
        *("ПоказательНомера", "ПоказательДаты", "ПоказательТипа"),
    }
)
"""Keys of the format that a file is not wrong to lack."""
_INN_BEFORE_NAME = re.compile(r"ИНН\s*\d{10,12}\s+")


@dataclass
class Statement:
    """What the lines before a document say about the file."""

    accounts: set[str] = field(default_factory=set)
    """Accounts the statement is of: ours."""
    has_turnover: bool = False
    """The bank states turnovers, so what follows has happened. Without them the file may hold
    orders the bank has not yet carried out."""


@dataclass
class BankDocument:
    """Keys and values between ``СекцияДокумент`` and ``КонецДокумента``."""

    line: int
    kind: str
    cells: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    _last_key: str = ""

    def add(self, key: str, value: str, line: str, *, has_key: bool) -> None:
        """Take a line; one without a key goes on with the value above it."""
        self.lines.append(line)
        if has_key:
            self.cells[key] = value
            self._last_key = key
        elif self._last_key:
            self.cells[self._last_key] = f"{self.cells[self._last_key]} {line}".strip()

    @property
    def amount(self) -> Decimal | None:
        """The sum, or ``None`` where it is no number."""
        return read_sum(self.cells.get("Сумма", ""))

    def accounts_of(self, side: str) -> set[str]:
        """Accounts named for ``Плательщик`` or ``Получатель``."""
        named = (self.cells.get(f"{side}Счет"), self.cells.get(f"{side}РасчСчет"))
        return {account for account in named if account}

    def derive(self, statement: Statement) -> None:
        """Add the :data:`DERIVED` columns; what does not follow stays empty."""
        direction = self._find_direction(statement.accounts)
        other = "Получатель" if direction in (OUTGOING, OWN) else "Плательщик"
        our = "Плательщик" if other == "Получатель" else "Получатель"
        name = self.cells.get(other) or self.cells.get(f"{other}1", "")
        own = self.accounts_of(our) & statement.accounts or self.accounts_of(our)
        purpose = self.cells.get("НазначениеПлатежа") or " ".join(
            part for number in range(1, 7) if (part := self.cells.get(f"НазначениеПлатежа{number}"))
        )
        basis, vat = read_vat(purpose, self.amount)
        self.cells |= {
            "ВидДокумента": self.kind,
            "Направление": direction,
            "ДатаОперации": self._find_day(direction, statement.has_turnover),
            "НашСчет": min(own, default=""),
            "Контрагент": _INN_BEFORE_NAME.sub("", name, count=1),
            "КонтрагентИНН": self.cells.get(f"{other}ИНН", ""),
            "КонтрагентКПП": self.cells.get(f"{other}КПП", ""),
            "КонтрагентСчет": min(self.accounts_of(other), default=""),
            "Назначение": purpose,
            "БазаНДС": basis,
            "СуммаНДС": vat,
        }

    def _find_direction(self, accounts: set[str]) -> str:
        is_out = bool(self.accounts_of("Плательщик") & accounts)
        is_in = bool(self.accounts_of("Получатель") & accounts)
        if not is_in and not is_out:
            is_in, is_out = (
                bool(self.cells.get("ДатаПоступило")),
                bool(self.cells.get("ДатаСписано")),
            )
            if is_in and is_out:
                return ""
        return {(True, True): OWN, (True, False): INCOMING, (False, True): OUTGOING}.get(
            (is_in, is_out), ""
        )

    def _find_day(self, direction: str, has_happened: bool) -> str:
        received, paid = self.cells.get("ДатаПоступило", ""), self.cells.get("ДатаСписано", "")
        moved = (received or paid) if direction == INCOMING else (paid or received)
        return moved or (self.cells.get("Дата", "") if has_happened else "")


def read_sum(text: str) -> Decimal | None:
    """A sum as banks write it (dot, rarely comma), or ``None``."""
    try:
        value = Decimal(text.replace(",", ".").replace("\u00a0", "").replace(" ", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
