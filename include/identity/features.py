"""Records as the statements of ``sql/match`` take them: values, words, and keys to block by."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

UNSEEN_RECORDS = 200
"""A few records say little of how rare a value is: as many others without it are thought of."""
_WORDY = frozenset({"company", "name", "address", "text"})


def write_features(
    columns: Sequence[Sequence[str]], kinds: Sequence[str], sources: Sequence[int], folder: Path
) -> tuple[Path, Path]:
    """Parquet of records (one row each, arrays by column) and of keys (record, column, key).

    ``columns`` are normalised values, one sequence per column; records are numbered from 0.
    """
    count = len(sources)
    words, weights, frequencies = [], [], []
    for values, kind in zip(columns, kinds, strict=True):
        split = [sorted(set(value.split())) if kind in _WORDY else [] for value in values]
        seen = Counter(word for row in split for word in row)
        words.append(split)
        weights.append([_unit([math.log(1 + count / seen[w]) for w in row]) for row in split])
        often = Counter(values)
        known = max(1, count - often[""])
        frequencies.append(
            [max(1, often[value] - 1) / (known + UNSEEN_RECORDS) for value in values]
        )
    records = pa.table(
        {
            "n": pa.array(range(count), pa.uint32()),
            "source": pa.array(sources, pa.uint8()),
            "texts": _by_record(columns),
            "words": _by_record(words),
            "weights": _by_record(weights),
            "frequencies": _by_record(frequencies),
        }
    )
    numbers, places, spaces, keys = [], [], [], []
    for place, (values, kind) in enumerate(zip(columns, kinds, strict=True)):
        for number, value in enumerate(values):
            for key in block_keys(kind, value):
                numbers.append(number)
                places.append(place)
                # Given names and surnames change places: their keys are those of one column.
                spaces.append(255 if kind in {"given_name", "surname"} else place)
                keys.append(key)
    blocks = pa.table(
        {
            "n": pa.array(numbers, pa.uint32()),
            "place": pa.array(places, pa.uint8()),
            "space": pa.array(spaces, pa.uint8()),
            "key": pa.array(keys, pa.string()),
        }
    )
    pq.write_table(records, folder / "records.parquet")
    pq.write_table(blocks, folder / "keys.parquet")
    return folder / "records.parquet", folder / "keys.parquet"


def block_keys(kind: str, value: str) -> set[str]:
    """Texts that two records of one entity are likely to share in this column."""
    if not value:
        return set()
    keys = {f"={value}"}
    if kind in _WORDY:
        keys |= {f"w{word}" for word in value.split() if len(word) > 1}
        keys.add(f"p{value.replace(' ', '')[:6]}")
        numbers = [word for word in value.split() if word.isdigit()]
        letters = [word for word in value.split() if not word.isdigit() and len(word) > 2]
        if numbers and letters:
            keys.add(f"a{numbers[0]} {letters[0][:4]}")
    elif kind in {"given_name", "surname", "city"}:
        keys |= {f"p{value[:3]}", f"s{_skeleton(value)}"}
    elif kind == "phone":
        keys |= {f"e{value[-7:]}", f"p{value[-10:-3]}"}
    elif kind == "email":
        keys |= {f"l{value.partition('@')[0]}", f"p{value[:5]}"}
    elif kind == "birth_date":
        keys |= {f"y{value[:4]}", f"m{value[4:]}", f"p{value[:6]}"}
    elif kind in {"postcode", "tax_id"}:
        keys |= {f"p{value[:4]}", f"e{value[-4:]}"}
    return keys


def _skeleton(value: str) -> str:
    """First letter and the next consonants without doubles: spellings by ear share it."""
    kept = value[:1]
    for letter in value[1:]:
        if letter not in "aeiouyhw '" and letter != kept[-1]:
            kept += letter
    return kept[:4]


def _unit(vector: list[float]) -> list[float]:
    length = math.sqrt(sum(x * x for x in vector)) or 1.0
    return [x / length for x in vector]


def _by_record(columns: Sequence[Sequence[object]]) -> list[list[object]]:
    return [list(row) for row in zip(*columns, strict=True)]
