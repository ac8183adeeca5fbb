"""What every reader of a format yields: named text columns and where each row stood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.connectors.protocol import Rejected

RawRow = Callable[[int], str]


@dataclass(frozen=True)
class RawBlock:
    """Some records of a file as text.

    ``columns`` are string arrays parallel to ``names`` (an empty cell is ``""`` or NULL),
    ``lines`` the physical line or row where each record starts, ``raw_row`` gives record ``i`` as
    it may go to quarantine. ``rejected`` are records that could not even be split into cells.
    """

    names: tuple[str, ...]
    columns: tuple[pa.Array, ...]
    lines: np.ndarray
    raw_row: RawRow
    rejected: tuple[Rejected, ...] = ()


Blocks = Iterator[RawBlock]
