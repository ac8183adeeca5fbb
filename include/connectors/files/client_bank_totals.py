"""The bank's own turnovers of each account against the documents of the file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from include.connectors.files.client_bank_document import OWN, BankDocument, read_sum
from include.connectors.protocol import BadInput

_STATED = {"ВсегоПоступило": "Получатель", "ВсегоСписано": "Плательщик"}


@dataclass
class StatedTotals:
    """Sums per account and side, stated and found.

    A statement may have one section an account or one an account and day. A transfer between two
    of our accounts may stand in the file once or once an account: it counts once.
    """

    is_provable: bool = True
    """False once a document had no readable sum: then nothing can be proven."""
    _stated: dict[tuple[str, str], Decimal | None] = field(default_factory=dict)
    _found: Counter[tuple[str, str]] = field(default_factory=Counter)
    _own: set[tuple[str, ...]] = field(default_factory=set)

    def add_account(self, account: str, section: dict[str, str]) -> None:
        """Take one section's turnovers; a side some section leaves out is not proven."""
        for key in _STATED:
            stated, before = read_sum(section.get(key, "")), self._stated.get((account, key), 0)
            is_known = stated is not None and before is not None
            self._stated[account, key] = before + stated if is_known else None

    def add_document(self, document: BankDocument, accounts: set[str]) -> None:
        """Take one document's sum to each of our accounts it names."""
        if document.amount is None:
            self.is_provable = False
            return
        if document.cells["Направление"] == OWN:
            keys = ("Номер", "Дата", "Сумма", "ПлательщикСчет", "ПолучательСчет")
            mark = tuple(document.cells.get(key, "") for key in keys)
            if mark in self._own:
                return
            self._own.add(mark)
        for key, side in _STATED.items():
            for account in document.accounts_of(side) & accounts:
                self._found[account, key] += document.amount

    def refuse_mismatch(self, position: str) -> None:
        """Raise for the first turnover that the documents do not add up to."""
        if not self.is_provable:
            return
        for (account, key), stated in self._stated.items():
            found = self._found[account, key]
            if stated is not None and stated != found:
                raise BadInput(
                    f"{position}: the bank states {key}={stated} of the account …{account[-4:]}, "
                    f"the documents add up to {found}. Documents are missing or doubled: export "
                    "the statement again, or set `totals: ignore` in the mapping if this bank's "
                    "turnovers are of something else."
                )
