"""Cells of a tab-separated body into typed columns, in one pass over its bytes.

``plan`` has eight words for each column, in the order of the ``PLAN_…`` numbers below. What is not
plainly as expected ends the pass with -1: control characters, a wrong number of cells, an unusual
spelling of a number, a date that is none. The caller then reads the same bytes another way, so this
needs no opinion on what they mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types

from include.compiled.words import (
    count_trailing_zeros,
    load_half,
    load_word,
    store_byte,
    store_half,
    store_word,
)

PLAN_WORDS = 8
KIND, POLICY, LIMIT, OUT, VALID, SLOTS, ENTRIES, COUNT = range(PLAN_WORDS)
"""Words of a column's plan. OUT is the address of its values (for text: of its codes), VALID of one
byte a row, SLOTS of a table of 4-byte numbers, all -1, ENTRIES of two words a distinct text, its
offset in the body and its size. COUNT is given back: distinct texts, or nulls of a number."""

DATE, UNSIGNED, SIGNED, NARROW, TEXT = range(5)
"""Kinds: days as 4 bytes, numbers as 8 bytes or, NARROW, as 4, text as codes of 4 bytes."""
ZERO, EMPTY, NULL, REJECT = range(4)
"""Policies: what ``--`` stands for."""

ARGUMENTS = types.int64(
    types.uint64,  # address of the body, with 16 spare bytes after it
    types.uint64,  # its size; it ends with a line feed
    types.CPointer(types.uint64),  # the plan
    types.uint64,  # how many columns
    types.uint64,  # how many rows there is room for
    types.uint64,  # how many slots each text column has: a power of two above the rows
)

_U = np.uint64
_HIGH_BITS = _U(0x8080808080808080)
_BLANKS = _U(0x2020202020202020)
_ZERO_DIGITS = _U(0x3030303030303030)
_NIBBLES = _U(0xF0F0F0F0F0F0F0F0)
_SIXES = _U(0x0606060606060606)
_MIX = _U(0x9E3779B97F4A7C15)
_BYTE = _U(0xFF)
_TWO_DASHES = _U(0x2D2D)
_DASH = _U(0x2D)
_TAB, _LINE_FEED = _U(9), _U(10)
_U0, _U1, _U2, _U3, _U4, _U7, _U8, _U10 = (_U(n) for n in (0, 1, 2, 3, 4, 7, 8, 10))
_U16, _U29, _U32, _U48, _U56, _U64 = (_U(n) for n in (16, 29, 32, 48, 56, 64))
_LONGEST_NUMBER = _U(18)
_EIGHT_DIGITS = _U(100_000_000)


@njit(inline="always")
def _find_control(word: Any) -> Any:
    """The high bit of the first byte below 0x20, and perhaps of later ones; 0 if there is none."""
    return (word - _BLANKS) & ~word & _HIGH_BITS


@njit(inline="always")
def _are_digits(word: Any) -> Any:
    return (word & _NIBBLES) == _ZERO_DIGITS and ((word + _SIXES) & _NIBBLES) == _ZERO_DIGITS


@njit(inline="always")
def _read_digits(word: Any) -> Any:
    """The number eight digits make, pairs first, then fours, then all."""
    pairs = ((word & _U(0x0F0F0F0F0F0F0F0F)) * _U(2561)) >> _U8
    fours = ((pairs & _U(0x00FF00FF00FF00FF)) * _U(6553601)) >> _U16
    return ((fours & _U(0x0000FFFF0000FFFF)) * _U(42949672960001)) >> _U32


@njit(inline="always")
def _power_of_ten(bits: Any) -> Any:
    """Ten to the number of whole bytes in ``bits``, at most seven."""
    result = _U1
    if bits & _U8:
        result = _U10
    if bits & _U16:
        result *= _U(100)
    if bits & _U32:
        result *= _U(10_000)
    return result


@njit(inline="always")
def _count_days(word: Any, rest: Any) -> Any:
    """Days since 1970 of ``YYYY-MM-DD`` in two words; -(2**62) when it is no such date."""
    no_date = np.int64(-(1 << 62))
    digits = (word & _U(0xFFFFFFFF)) | ((word >> _U8) & _U(0xFFFF00000000))
    digits |= (rest & _U(0xFFFF)) << _U48
    if not _are_digits(digits):
        return no_date
    if ((word >> _U32) & _BYTE) != _DASH or (word >> _U56) != _DASH:
        return no_date
    number = np.int64(_read_digits(digits))
    year, month, day = number // 10_000, number // 100 % 100, number % 100
    if year < 1 or month < 1 or month > 12 or day < 1:
        return no_date
    length = 31
    if month == 4 or month == 6 or month == 9 or month == 11:
        length = 30
    elif month == 2:
        is_leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
        length = 29 if is_leap else 28
    if day > length:
        return no_date
    # Years that begin in March have their leap day last.
    march_year = year - 1 if month < 3 else year
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    leap_days = march_year // 4 - march_year // 100 + march_year // 400
    return march_year * 365 + leap_days + day_of_year - 719_468


@njit(inline="always")
def _is_equal(left: Any, right: Any, size: Any) -> Any:
    while size > _U8:
        if load_word(left) != load_word(right):
            return False
        left += _U8
        right += _U8
        size -= _U8
    if size == _U0:
        return True
    return ((load_word(left) ^ load_word(right)) << (_U64 - size * _U8)) == _U0


def read_cells(address: Any, size: Any, plan: Any, columns: Any, room: Any, slots: Any) -> Any:
    """Rows read, or -1."""
    at = address
    end = address + size
    row = _U0
    day_word, day_rest, day = _U0, _U0, _U0
    while at < end:
        if row >= room:
            return -1
        for column in range(columns):
            entry = _U(column) * _U8
            kind = plan[entry + _U(KIND)]
            stop = _LINE_FEED if _U(column) + _U1 == columns else _TAB
            start = at
            word = load_word(at)
            if kind == TEXT:
                mixed = _MIX
                control = _find_control(word)
                while control == _U0:
                    mixed = (mixed ^ word) * _MIX
                    mixed ^= mixed >> _U29
                    at += _U8
                    word = load_word(at)
                    control = _find_control(word)
                bits = count_trailing_zeros(control) - _U7
                if ((word >> bits) & _BYTE) != stop:
                    return -1
                tail = word & ((_U1 << bits) - _U1)
                at += bits >> _U3
                length = at - start
                if length == _U2 and tail == _TWO_DASHES:
                    if plan[entry + _U(POLICY)] != EMPTY:
                        return -1
                    length, tail = _U0, _U0
                mixed = (mixed ^ tail) * _MIX
                mixed ^= (mixed >> _U32) + length
                slot = mixed & (slots - _U1)
                while True:
                    place = plan[entry + _U(SLOTS)] + slot * _U4
                    found = load_half(place)
                    if found < 0:
                        found = np.int64(plan[entry + _U(COUNT)])
                        plan[entry + _U(COUNT)] = _U(found) + _U1
                        store_half(place, _U(found))
                        known = plan[entry + _U(ENTRIES)] + _U(found) * _U16
                        store_word(known, start - address)
                        store_word(known + _U8, length)
                        break
                    known = plan[entry + _U(ENTRIES)] + _U(found) * _U16
                    other = address + load_word(known)
                    if load_word(known + _U8) == length and _is_equal(start, other, length):
                        break
                    slot = (slot + _U1) & (slots - _U1)
                store_half(plan[entry + _U(OUT)] + row * _U4, _U(found))
            elif kind == DATE:
                rest = load_word(at + _U8) & _U(0xFFFFFF)
                if word != day_word or rest != day_rest:
                    number = _count_days(word, rest)
                    if number == -(1 << 62) or (rest >> _U16) != stop:
                        return -1
                    day_word, day_rest, day = word, rest, _U(number)
                store_half(plan[entry + _U(OUT)] + row * _U4, day)
                at += _U10
            else:
                policy = plan[entry + _U(POLICY)]
                value = _U0
                is_valid = True
                is_negative = False
                if (word & _U(0xFFFF)) == _TWO_DASHES:
                    if policy == REJECT or ((word >> _U16) & _BYTE) != stop:
                        return -1
                    at += _U2
                    is_valid = policy == ZERO
                else:
                    if (word & _BYTE) == _DASH:
                        if kind != SIGNED:
                            return -1
                        is_negative = True
                        at += _U1
                        start = at
                        word = load_word(at)
                    control = _find_control(word)
                    while control == _U0:
                        if not _are_digits(word) or at - start > _U8:
                            return -1
                        value = value * _EIGHT_DIGITS + _read_digits(word)
                        at += _U8
                        word = load_word(at)
                        control = _find_control(word)
                    bits = count_trailing_zeros(control) - _U7
                    if ((word >> bits) & _BYTE) != stop:
                        return -1
                    if bits > _U0:
                        word = (word << (_U64 - bits)) | (_ZERO_DIGITS >> bits)
                        if not _are_digits(word):
                            return -1
                        value = value * _power_of_ten(bits) + _read_digits(word)
                    at += bits >> _U3
                    length = at - start
                    if length == _U0 or length > _LONGEST_NUMBER:
                        return -1
                    if value > plan[entry + _U(LIMIT)]:
                        return -1
                    if is_negative:
                        value = _U0 - value
                if kind == NARROW:
                    store_half(plan[entry + _U(OUT)] + row * _U4, value)
                else:
                    store_word(plan[entry + _U(OUT)] + row * _U8, value)
                if policy == NULL:
                    store_byte(plan[entry + _U(VALID)] + row, _U1 if is_valid else _U0)
                    if not is_valid:
                        plan[entry + _U(COUNT)] += _U1
            at += _U1
        row += _U1
    return np.int64(row)


GATHER_ARGUMENTS = types.void(
    types.uint64,  # address of the body, with 16 spare bytes after it
    types.uint64,  # address of a text column's entries
    types.uint64,  # how many
    types.uint64,  # address of room for all their bytes and 8 more
    types.uint64,  # address of 4-byte offsets, one more than there are entries
)


def gather_texts(address: Any, entries: Any, count: Any, texts: Any, offsets: Any) -> None:
    """Copy the distinct texts of a column side by side."""
    done = _U0
    store_half(offsets, done)
    for number in range(count):
        entry = entries + _U(number) * _U16
        source = address + load_word(entry)
        size = load_word(entry + _U8)
        for start in range(_U0, size, _U8):
            store_word(texts + done + _U(start), load_word(source + _U(start)))
        done += size
        store_half(offsets + (_U(number) + _U1) * _U4, done)


COUNT_ARGUMENTS = types.uint64(types.CPointer(types.uint8), types.uint64)


def count_lines(body: Any, size: Any) -> Any:
    """Line feeds among ``size`` bytes."""
    lines = _U0
    for place in range(size):
        if body[place] == 10:
            lines += _U1
    return lines
