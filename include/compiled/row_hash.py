"""The inner loops of the content hash: the arithmetic of its numpy form in one pass a column."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types

from include.compiled.words import load_half, load_word, store_word

ABSORB_ARGUMENTS = types.void(
    types.uint64,  # address of the low states, a word a row
    types.uint64,  # address of the high states
    types.uint64,  # how many rows
    types.uint64,  # address of words: one a row, or one a code
    types.uint64,  # address of 4-byte codes, 0 when there is a word for each row
    types.uint64,  # the column's seed
)
SETTLE_ARGUMENTS = types.void(
    types.uint64,  # address of the low states
    types.uint64,  # address of the high states
    types.uint64,  # how many rows
    types.uint64,  # address of three words given back: low sum, its carry, high sum
)

_U = np.uint64
_U0, _U1, _U4, _U8 = _U(0), _U(1), _U(4), _U(8)
_S29, _S32, _S33 = _U(29), _U(32), _U(33)
_MULTIPLIER_LOW = _U(0x9E3779B97F4A7C15)
_MULTIPLIER_HIGH = _U(0xC2B2AE3D27D4EB4F)
_FINAL_1 = _U(0xFF51AFD7ED558CCD)
_FINAL_2 = _U(0xC4CEB9FE1A85EC53)


@njit(inline="always")
def _absorb_word(low: Any, high: Any, place: Any, word: Any) -> None:
    state = (load_word(low + place) ^ word) * _MULTIPLIER_LOW
    store_word(low + place, state ^ (state >> _S32))
    state = (load_word(high + place) ^ word) * _MULTIPLIER_HIGH
    store_word(high + place, state ^ (state >> _S29))


@njit(inline="always")
def _finalise(state: Any) -> Any:
    state = (state ^ (state >> _S33)) * _FINAL_1
    state = (state ^ (state >> _S33)) * _FINAL_2
    return state ^ (state >> _S33)


def absorb(low: Any, high: Any, rows: Any, words: Any, codes: Any, seed: Any) -> None:
    """Mix one column into the states of its rows."""
    if codes == _U0:
        for row in range(rows):
            place = _U(row) * _U8
            _absorb_word(low, high, place, load_word(words + place) ^ seed)
        return
    for row in range(rows):
        code = _U(load_half(codes + _U(row) * _U4))
        _absorb_word(low, high, _U(row) * _U8, load_word(words + code * _U8) ^ seed)


def settle(low: Any, high: Any, rows: Any, sums: Any) -> None:
    """Sum the finished states of all rows."""
    low_sum, carry, high_sum = _U0, _U0, _U0
    for row in range(rows):
        place = _U(row) * _U8
        state = _finalise(load_word(low + place))
        low_sum += state
        if low_sum < state:
            carry += _U1
        high_sum += _finalise(load_word(high + place))
    store_word(sums, low_sum)
    store_word(sums + _U8, carry)
    store_word(sums + _U8 + _U8, high_sum)
