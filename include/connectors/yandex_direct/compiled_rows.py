"""Types a block of report lines in one compiled pass, text as dictionaries.

Whatever is not plainly well-formed makes the block somebody else's: see ``tsv_cells``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from include.compiled import loader
from include.connectors.yandex_direct.schema import ReportColumn

SPARE_BYTES = 16
LARGEST = (1 << 63) - 1
_PLAN_WORDS = 8
_KIND, _POLICY, _LIMIT, _OUT, _VALID, _SLOTS, _ENTRIES, _COUNT = range(_PLAN_WORDS)
_KINDS = {pa.date32(): 0, pa.uint64(): 1, pa.int64(): 2, pa.uint32(): 3, pa.string(): 4}
_LIMITS = {pa.uint32(): (1 << 32) - 1}
_TEXT = 4
_POLICIES = {"zero": 0, "empty": 1, "null": 2, "reject": 3}


class CompiledRows:
    """Reads blocks into the given columns; None from :meth:`make` where there is no compiler."""

    def __init__(
        self,
        columns: Sequence[ReportColumn],
        count_lines: Callable[..., int],
        read_cells: Callable[..., int],
        gather_texts: Callable[..., None],
    ) -> None:
        self._columns = columns
        self._count_lines = count_lines
        self._read_cells = read_cells
        self._gather_texts = gather_texts

    @classmethod
    def make(cls, columns: Sequence[ReportColumn], is_worth_waiting: bool) -> CompiledRows | None:
        """A reader, if the loops can be had; see :func:`include.compiled.loader.load`."""
        names = ("count_lines", "read_cells", "gather_texts")
        loops = [loader.load(name, is_worth_waiting) for name in names]
        return cls(columns, *loops) if all(loops) else None

    def read(self, block: bytearray) -> pa.RecordBatch | None:
        """The block's rows, or None for the caller to read it with more care."""
        size = len(block)
        if not size or block[-1:] != b"\n":
            return None
        block += bytes(SPARE_BYTES)
        try:
            body = np.frombuffer(block, dtype=np.uint8).ctypes.data
            rows = self._count_lines(body, size)
            slots = 1 << (2 * rows - 1).bit_length()
            plan = np.zeros((len(self._columns), _PLAN_WORDS), dtype=np.uint64)
            work = [
                _Column(column, words, rows, slots)
                for column, words in zip(self._columns, plan, strict=True)
            ]
            read = self._read_cells(body, size, plan.ctypes.data, len(plan), rows, slots)
            if read != rows:
                return None
            arrays = [column.finish(rows, body, self._gather_texts) for column in work]
        except pa.ArrowInvalid:  # a text that is no UTF-8
            return None
        finally:
            del block[size:]
        return pa.RecordBatch.from_arrays(arrays, names=[c.column for c in self._columns])


class _Column:
    """Memory of one column, and its words of the plan."""

    def __init__(self, column: ReportColumn, plan: Any, rows: int, slots: int) -> None:
        self._type = column.type
        self._plan = plan
        self._is_text = column.type == pa.string()
        width = 4 if self._is_text else column.type.bit_width // 8
        self._out = pa.allocate_buffer(rows * width)
        plan[_KIND] = _KINDS[column.type]
        plan[_POLICY] = _POLICIES[column.when_missing]
        plan[_LIMIT] = _LIMITS.get(column.type, LARGEST)
        plan[_OUT] = self._out.address
        if column.when_missing == "null":
            self._valid = np.empty(rows, dtype=np.uint8)
            plan[_VALID] = self._valid.ctypes.data
        if self._is_text:
            self._slots = np.full(slots, -1, dtype=np.int32)
            self._entries = np.empty((rows, 2), dtype=np.uint64)
            plan[_SLOTS] = self._slots.ctypes.data
            plan[_ENTRIES] = self._entries.ctypes.data

    def finish(self, rows: int, body: int, gather: Callable[..., Any]) -> pa.Array:
        count = int(self._plan[_COUNT])
        if not self._is_text:
            bitmap = pa.py_buffer(np.packbits(self._valid, bitorder="little")) if count else None
            return pa.Array.from_buffers(self._type, rows, [bitmap, self._out], count)
        offsets = pa.allocate_buffer(4 * (count + 1))
        texts = pa.allocate_buffer(int(self._entries[:count, 1].sum()) + 8)
        gather(body, self._entries.ctypes.data, count, texts.address, offsets.address)
        words = pa.StringArray.from_buffers(count, offsets, texts)
        words.validate(full=True)
        codes = pa.Array.from_buffers(pa.int32(), rows, [None, self._out])
        return pa.DictionaryArray.from_arrays(codes, words, safe=False)
