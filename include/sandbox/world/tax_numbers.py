"""Russian tax numbers with valid check digits (INN of legal entities, KPP has none)."""

from __future__ import annotations

WEIGHTS = (2, 4, 10, 3, 5, 9, 4, 6, 8)
TAX_REGION = {
    "Москва": "77",
    "Санкт-Петербург": "78",
    "Екатеринбург": "66",
    "Казань": "16",
    "Новосибирск": "54",
    "Краснодар": "23",
}


def make_inn(region: str, number: int) -> str:
    """Ten digits: region, inspection, number, check digit. Distinct for numbers below 10 ** 7."""
    nine = f"{TAX_REGION[region]}{number % 10_000_000:07d}"
    return f"{nine}{find_check_digit(nine)}"


def find_check_digit(nine: str) -> int:
    """The tenth digit of an INN of a legal entity."""
    return sum(w * int(d) for w, d in zip(WEIGHTS, nine, strict=True)) % 11 % 10


def make_kpp(inn: str, is_branch: bool) -> str:
    """Nine digits: inspection, reason (01 at the seat, 43 for a branch), 001."""
    return f"{inn[:4]}{'43' if is_branch else '01'}001"
