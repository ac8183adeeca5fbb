"""How won deals are paid for: at once, in parts, late, not quite, and sometimes back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from include.sandbox.world.business_lines import BusinessLine
from include.sandbox.world.products import UNIT_MICROS, vat_percent_on
from include.sandbox.world.working_time import WorkingTime

DAY_SECONDS = 9 * 3600
"""A working day."""
SCHEMES: tuple[tuple[float, tuple[tuple[float, float], ...]], ...] = (
    (0.45, ((-0.5, 1.0),)),
    (0.20, ((-0.5, 0.5), (12, 0.5))),
    (0.10, ((-0.5, 0.3), (6, 0.7))),
    (0.20, ((22, 1.0),)),
    (0.05, ((-0.5, 0.4), (10, 0.3))),
)
"""Chance of a scheme and its parts: working days after the deal is won (negative: a fraction of
the time since its last stage, before it is), and which part of the amount. The last one leaves a
debt that nobody ever pays."""
REFUND_CHANCE, WHOLE_REFUND_CHANCE = 0.03, 0.25


def pay(
    amount_micros: int,
    last_stage_at: int,
    won_at: int,
    line: BusinessLine,
    work: WorkingTime,
    rng: np.random.Generator,
) -> list[tuple[int, int, int]]:
    """Payments and refunds in order: when, micros with VAT, VAT of them.

    Payments never exceed the amount, refunds never what was paid; a refund gives back the VAT at
    the rate at which it was paid.
    """
    chances = [chance for chance, _ in SCHEMES]
    parts = SCHEMES[int(rng.choice(len(SCHEMES), p=chances))][1]
    left, payments = amount_micros, []
    is_whole = sum(part for _, part in parts) > 0.999
    for number, (days, part) in enumerate(parts):
        is_last = is_whole and number == len(parts) - 1
        micros = left if is_last else int(amount_micros * part) // UNIT_MICROS * UNIT_MICROS
        if days < 0:
            at = last_stage_at + int((won_at - last_stage_at) * -days * rng.uniform(0.6, 1.6))
        else:
            at = work.after(won_at, days * DAY_SECONDS * rng.lognormal(0, 0.4))
        if micros > 0:
            payments.append((at, micros, vat_of(micros, at, line)))
            left -= micros
    return payments + _refund(payments, line, work, rng)


def vat_of(micros: int, at: int, line: BusinessLine) -> int:
    """VAT contained in an amount paid on that day of the line, to the hundredth."""
    day = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(line.time_zone)).date()
    percent = vat_percent_on(line.country, day)
    return round(micros * percent / (100 + percent) / UNIT_MICROS) * UNIT_MICROS


def _refund(
    payments: Sequence[tuple[int, int, int]],
    line: BusinessLine,
    work: WorkingTime,
    rng: np.random.Generator,
) -> list[tuple[int, int, int]]:
    if not payments or rng.random() >= REFUND_CHANCE:
        return []
    at, paid, vat = payments[-1]
    is_whole = rng.random() < WHOLE_REFUND_CHANCE
    share = 1.0 if is_whole else rng.uniform(0.05, 0.6)
    micros = paid if is_whole else int(paid * share) // UNIT_MICROS * UNIT_MICROS
    back = round(vat * (micros / paid) / UNIT_MICROS) * UNIT_MICROS
    later = work.after(at, rng.uniform(4, 30) * DAY_SECONDS)
    return [(later, -micros, -back)] if micros else []
