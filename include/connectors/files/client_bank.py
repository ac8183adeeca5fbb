"""Bank statements in the text format ``1CClientBankExchange`` → one text row per document.

Beside the document's own keys a row has what every reader would derive from them, under names no
bank uses (:data:`DERIVED`): which way the money went, the other side, the day it moved, what the
purpose says about VAT. Completeness is proven by the file itself: it must end with ``КонецФайла``,
and the documents must add up to what the bank says each account received and paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from include.connectors.files.blocks import RawBlock
from include.connectors.files.client_bank_document import (
    DERIVED,
    STANDARD,
    BankDocument,
    Statement,
)
from include.connectors.files.client_bank_totals import StatedTotals
from include.connectors.protocol import BadInput, Rejected

BLOCK_DOCUMENTS = 5_000
MAX_DOCUMENT_LINES = 1_000
_FIRST_LINE = "1CClientBankExchange"
_DOCUMENT, _DOCUMENT_END = "СекцияДокумент", "КонецДокумента"
_ACCOUNT, _ACCOUNT_END = "СекцияРасчСчет", "КонецРасчСчет"
_FILE_END = "КонецФайла"
_HEADER_KEYS = frozenset({"ВерсияФормата", "Кодировка", "Отправитель", "ДатаСоздания"})


def read_client_bank(
    blocks: Iterable[bytes], wanted: tuple[str, ...], position: str, *, must_add_up: bool
) -> Iterator[RawBlock]:
    """Parse UTF-8 blocks; ``wanted`` are the names the mapping reads or keeps.

    A wanted key of the format is a column even where no document has it. Raises ``BadInput`` for
    another format, a file that was cut, or one that does not add up.
    """
    reader = _Reader(wanted, position)
    for number, line in enumerate(_lines(blocks), start=1):
        reader.read_line(number, line)
        if len(reader.documents) + len(reader.rejected) >= BLOCK_DOCUMENTS:
            yield reader.take_block()
    reader.refuse_unfinished()
    if reader.documents or reader.rejected:
        yield reader.take_block()
    if must_add_up:
        reader.totals.refuse_mismatch(position)


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    pending = b""
    for block in blocks:
        *lines, pending = (pending + block).split(b"\n")
        for line in lines:
            yield line.decode().strip()
    if pending:
        yield pending.decode().strip()


@dataclass
class _Reader:
    wanted: tuple[str, ...]
    position: str
    documents: list[BankDocument] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    totals: StatedTotals = field(default_factory=StatedTotals)

    def __post_init__(self) -> None:
        self._statement = Statement()
        self._document: BankDocument | None = None
        self._account: dict[str, str] | None = None
        known = STANDARD.union(DERIVED)
        self._names = dict.fromkeys(name for name in self.wanted if name in known)
        self._unwanted = set(DERIVED) - set(self.wanted)
        self._is_known = False
        self._is_ended = False

    def read_line(self, number: int, line: str) -> None:
        """Take one line, whatever section it stands in."""
        if number == 1 and line != _FIRST_LINE:
            raise BadInput(
                f"{self.position} does not start with {_FIRST_LINE}: it is no bank statement in "
                "the 1C format. Export it so, or set `format` in the mapping to what it is."
            )
        if self._is_ended or not line:
            return
        key, has_value, value = line.partition("=")
        key, value = key.strip(), value.strip()
        if key == _DOCUMENT:
            self._give_up_open()
            self._document = BankDocument(number, value)
        elif key == _DOCUMENT_END:
            self._close_document()
        elif key == _ACCOUNT:
            self._give_up_open()
            self._account = {}
        elif key == _ACCOUNT_END:
            self._close_account()
        elif key == _FILE_END:
            self._give_up_open()
            self._is_ended = True
        elif self._document is not None:
            # A purpose may go on over several lines, and one of them may hold an equals sign.
            is_key = bool(has_value) and key.isalnum()
            self._document.add(key, value, line, has_key=is_key)
            if len(self._document.lines) > MAX_DOCUMENT_LINES:
                self._give_up_open()
        elif self._account is not None:
            self._account[key] = value
        elif key == "РасчСчет" and value:
            self._statement.accounts.add(value)
        self._is_known = self._is_known or key in _HEADER_KEYS

    def _close_document(self) -> None:
        document, self._document = self._document, None
        if document is None:
            return
        document.derive(self._statement)
        self._names |= dict.fromkeys(key for key in document.cells if key not in self._unwanted)
        self.totals.add_document(document, self._statement.accounts)
        self.documents.append(document)

    def _close_account(self) -> None:
        account, self._account = self._account or {}, None
        if number := account.get("РасчСчет"):
            self._statement.accounts.add(number)
            self._statement.has_turnover = True
            self.totals.add_account(number, account)

    def _give_up_open(self) -> None:
        """A document that another section interrupts is not whole: it is set aside."""
        document, self._document, self._account = self._document, None, None
        if document is not None:
            reason = f"the document has no {_DOCUMENT_END}"
            raw = "\n".join(document.lines)
            self.rejected.append(
                Rejected(self.position, document.line, "unclosed_document", reason, raw)
            )
            self.totals.is_provable = False

    def refuse_unfinished(self) -> None:
        """Raise for a file without its last line, or in another encoding."""
        if self._is_ended:
            return
        if not self._is_known:
            raise BadInput(
                f"{self.position} has none of the format's Russian words as it is read. Set "
                "`encoding` in the mapping: cp1251 where the file says Windows, cp866 where DOS."
            )
        raise BadInput(
            f"{self.position} does not end with {_FILE_END}: it was cut. Deliver it again."
        )

    def take_block(self) -> RawBlock:
        """The rows so far as text columns."""
        documents, rejected = self.documents, tuple(self.rejected)
        self.documents, self.rejected = [], []
        names = tuple(self._names)
        columns = tuple(
            pa.array([document.cells.get(name) for document in documents], pa.string())
            for name in names
        )
        lines = np.array([document.line for document in documents], dtype=np.int64)
        return RawBlock(
            names, columns, lines, lambda row: "\n".join(documents[row].lines), rejected
        )
