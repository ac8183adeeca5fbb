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
_WEIGHT_BITS = 24
_WEIGHT = (1 << _WEIGHT_BITS) - 1
_WEIGHT_UNIT = 10_000
_WORDS_LOOKED_UP = 12
_WORDY = frozenset({"company", "name", "address", "text"})


def write_features(
    columns: Sequence[Sequence[str]], kinds: Sequence[str], sources: Sequence[int], folder: Path
) -> tuple[Path, Path]:
    """Parquet of records (one row each, arrays by column) and of keys (record, column, key).

    ``columns`` are normalised values, one sequence per column; records are numbered from 0.
    """
    count = len(sources)
    words, lengths, frequencies, rarest = [], [], [], []
    for values, kind in zip(columns, kinds, strict=True):
        split = [sorted(set(value.split())) if kind in _WORDY else [] for value in values]
        seen = Counter(word for row in split for word in row)
        codes = _codes(seen, count)
        words.append([[codes[word] for word in row] for row in split])
        lengths.append([math.sqrt(sum(codes[w] & _WEIGHT for w in row)) or 1.0 for row in split])
        rarest.append([_rarest(row, seen) for row in split])
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
            "lengths": _by_record(lengths),
            "frequencies": _by_record(frequencies),
        }
    )
    numbers, places, spaces, keys = [], [], [], []
    for place, (values, kind) in enumerate(zip(columns, kinds, strict=True)):
        for number, value in enumerate(values):
            for key in block_keys(kind, value, rarest[place][number]):
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


def block_keys(kind: str, value: str, words: Sequence[str] = ()) -> set[str]:
    """Texts that two records of one entity are likely to share in this column.

    ``words`` are those of ``value`` worth looking up.
    """
    if not value:
        return set()
    keys = {f"={value}"}
    if kind in _WORDY:
        keys |= {f"w{word}" for word in words}
        keys.add(f"p{value.replace(' ', '')[:6]}")
        if kind == "name":
            # Its words are sorted: a slip in one may move it to the front.
            keys.add(f"e{value.replace(' ', '')[-6:]}")
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


def _codes(seen: Counter[str], count: int) -> dict[str, int]:
    """A number for each word, with its squared weight in the lowest bits."""
    return {
        word: number << _WEIGHT_BITS | round(_WEIGHT_UNIT * math.log(1 + count / often) ** 2)
        for number, (word, often) in enumerate(seen.items(), 1)
    }


def _rarest(words: Sequence[str], seen: Counter[str]) -> list[str]:
    """The rarest words that another record has too: long texts would bring every common one."""
    shared = [word for word in words if len(word) > 1 and seen[word] > 1]
    return sorted(shared, key=lambda word: (seen[word], word))[:_WORDS_LOOKED_UP]


def _by_record(columns: Sequence[Sequence[object]]) -> list[list[object]]:
    return [list(row) for row in zip(*columns, strict=True)]
