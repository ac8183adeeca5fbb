"""Source columns without a place of their own → one ``Map(String, String)`` column.

Empty cells have no entry: a missing key and an empty cell of the source mean the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from include.connectors.files.entities.columns import EXTRA


def build_extra(names: Sequence[str], columns: Sequence[pa.Array], rows: int) -> pa.Array:
    """A map per row from ``names`` to the non-NULL cells of ``columns``."""
    if not names or not rows:
        empty = pa.array([], pa.string())
        return pa.MapArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), empty, empty, EXTRA)
    present = np.column_stack([col.is_valid().to_numpy(zero_copy_only=False) for col in columns])
    row_of, column_of = np.nonzero(present)
    offsets = np.concatenate(([0], np.cumsum(present.sum(axis=1)))).astype(np.int32)
    keys = pa.array(list(names), pa.string()).take(pa.array(column_of))
    values = pa.concat_arrays(list(columns)).take(pa.array(column_of * rows + row_of))
    return pa.MapArray.from_arrays(pa.array(offsets), keys, values, EXTRA)
