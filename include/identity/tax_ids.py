"""Russian tax numbers that prove themselves by their check digits (order of the tax service)."""

from __future__ import annotations

_TEN = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_ELEVEN = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_TWELVE = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)


def proven_tax_id(value: str) -> str:
    """The number when it is an INN of 10 or 12 digits with right check digits, else empty."""
    if not (value.isascii() and value.isdigit()) or set(value) == {"0"}:
        return ""
    if len(value) == 10:
        return value if _check(value, _TEN) else ""
    if len(value) == 12:
        return value if _check(value, _ELEVEN) and _check(value, _TWELVE) else ""
    return ""


def _check(value: str, factors: tuple[int, ...]) -> bool:
    total = sum(int(digit) * factor for digit, factor in zip(value, factors, strict=False))
    return total % 11 % 10 == int(value[len(factors)])
