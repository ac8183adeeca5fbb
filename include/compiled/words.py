"""Loads and stores at plain addresses, for loops over bytes of any alignment.

Addresses are unsigned 64-bit numbers. Nothing is checked: whoever calls owns the memory and, where
a word is loaded, seven readable bytes after the last one that counts.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_WORD = ir.IntType(64)


@intrinsic
def load_word(_: Any, address: Any) -> Any:
    """The eight bytes at ``address``, little-endian."""

    def generate(__: Any, builder: Any, ___: Any, values: Any) -> Any:
        return builder.load(builder.inttoptr(values[0], _WORD.as_pointer()), align=1)

    return types.uint64(types.uint64), generate


@intrinsic
def load_half(_: Any, address: Any) -> Any:
    """The signed four-byte number at ``address``, as a word."""

    def generate(__: Any, builder: Any, ___: Any, values: Any) -> Any:
        kind = ir.IntType(32)
        found = builder.load(builder.inttoptr(values[0], kind.as_pointer()), align=1)
        return builder.sext(found, _WORD)

    return types.int64(types.uint64), generate


@intrinsic
def store_word(_: Any, address: Any, value: Any) -> Any:
    """Write eight bytes."""

    def generate(context: Any, builder: Any, __: Any, values: Any) -> Any:
        builder.store(values[1], builder.inttoptr(values[0], _WORD.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64), generate


@intrinsic
def store_half(_: Any, address: Any, value: Any) -> Any:
    """Write the low four bytes of ``value``."""

    def generate(context: Any, builder: Any, __: Any, values: Any) -> Any:
        kind = ir.IntType(32)
        place = builder.inttoptr(values[0], kind.as_pointer())
        builder.store(builder.trunc(values[1], kind), place, align=1)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64), generate


@intrinsic
def store_byte(_: Any, address: Any, value: Any) -> Any:
    """Write the lowest byte of ``value``."""

    def generate(context: Any, builder: Any, __: Any, values: Any) -> Any:
        kind = ir.IntType(8)
        place = builder.inttoptr(values[0], kind.as_pointer())
        builder.store(builder.trunc(values[1], kind), place, align=1)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64), generate


@intrinsic
def count_trailing_zeros(_: Any, word: Any) -> Any:
    """How many of the lowest bits are 0; ``word`` is not 0."""

    def generate(__: Any, builder: Any, ___: Any, values: Any) -> Any:
        return builder.cttz(values[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate
