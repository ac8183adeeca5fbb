"""Money that no vendor reports: agency fees, exhibitions, letters, callers, and what was planned.

Bills of Russian suppliers include VAT of their day, wages do not; ``is_vat_included`` says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from include.sandbox.world.advertising import AdCatalogue
from include.sandbox.world.business_lines import LINES, BusinessLine
from include.sandbox.world.channels import MONTH_SEASON, PAID, Spend, usual_spend
from include.sandbox.world.products import UNIT_MICROS, vat_percent_on
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import TABLES

AGENCY_SHARE = 0.1
"""The agency's part of what is spent with ad vendors; abroad there is no agency."""
AGENCY_FEE = "agency_fee"
NAMES = {
    "exhibition": {"RUB": "Выставка «Металл-Строй», стенд {crm}", "USD": "Trade show booth"},
    "email": {"RUB": "Сервис рассылок, {crm}", "USD": "E-mail service"},
    "outbound_call": {"RUB": "Холодный обзвон, {crm}", "USD": "Sales development calls"},
    AGENCY_FEE: {"RUB": "Агентское вознаграждение, {crm}", "USD": "Agency fee"},
}
WAGES = "outbound_call"
PLAN_STEP_MICROS = {"RUB": 1_000_000_000, "USD": 10_000_000}
Row = dict[str, object]


def make_finance(
    seed: int, size: Size, spend: Spend, catalogue: AdCatalogue
) -> dict[str, pa.Table]:
    """``offline_cost`` by day and ``plan_budget`` by month, both also by channel and currency."""
    rows = sorted(_bill(size, spend, catalogue), key=lambda row: (row["cost_date"], row["name"]))
    return {
        "offline_cost": pa.Table.from_pylist(rows, schema=TABLES["offline_cost"]),
        "plan_budget": pa.Table.from_pylist(_plan(seed, size), schema=TABLES["plan_budget"]),
    }


def _bill(size: Size, spend: Spend, catalogue: AdCatalogue) -> Iterator[Row]:
    bought = set(catalogue.tables["campaign"]["channel"].to_pylist())
    for line in LINES:
        daily = {channel: spend.micros[line.crm, channel].sum(axis=1) for channel in PAID}
        yield from _bill_exhibitions(size, line, daily["exhibition"])
        fees = sum(daily[channel] for channel in bought) * AGENCY_SHARE
        monthly = {"email": daily["email"], WAGES: daily[WAGES]}
        if line.currency_code == "RUB":
            monthly[AGENCY_FEE] = np.asarray(fees)
        for first, until in _months(size):
            span = slice((first - size.starts_on).days, (until - size.starts_on).days)
            for channel, micros in monthly.items():
                yield from _row(line, channel, until - timedelta(days=1), micros[span].sum())


def _bill_exhibitions(size: Size, line: BusinessLine, micros: np.ndarray) -> Iterator[Row]:
    """One bill an exhibition, dated by its first day."""
    is_open = np.concatenate(([False], micros > 0, [False]))
    starts = np.flatnonzero(is_open[1:] & ~is_open[:-1])
    ends = np.flatnonzero(~is_open[1:] & is_open[:-1])
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        day = size.starts_on + timedelta(days=start)
        yield from _row(line, "exhibition", day, micros[start:end].sum())


def _row(line: BusinessLine, channel: str, day: date, net_micros: float) -> Iterator[Row]:
    percent = vat_percent_on(line.country, day)
    has_vat = percent > 0 and channel != WAGES
    micros = net_micros * (100 + percent) / 100 if has_vat else net_micros
    if micros > 0:
        yield {
            "cost_date": day,
            "channel": channel,
            "name": NAMES[channel][line.currency_code].format(crm=line.host),
            "amount_micros": round(micros / UNIT_MICROS) * UNIT_MICROS,
            "currency_code": line.currency_code,
            "is_vat_included": has_vat,
        }


def _plan(seed: int, size: Size) -> list[Row]:
    """What was meant to be spent, without VAT: the usual spend by season, in round figures."""
    rng = make_rng(seed, "plan_budget")
    rows: list[Row] = []
    for first, until in _months(size):
        for currency in ("RUB", "USD"):
            for channel in (*PAID, AGENCY_FEE):
                plan = rng.uniform(0.92, 1.1) * sum(
                    _usual(size, line, channel) for line in LINES if line.currency_code == currency
                )
                micros = plan * (until - first).days * MONTH_SEASON[first.month - 1]
                step = PLAN_STEP_MICROS[currency]
                amount = round(micros / step) * step
                if plan > 0:
                    row = {"month": first.replace(day=1), "channel": channel}
                    row |= {"amount_micros": max(amount, step), "currency_code": currency}
                    rows.append(row)
    return rows


def _usual(size: Size, line: BusinessLine, channel: str) -> float:
    if channel != AGENCY_FEE:
        return usual_spend(size, line, channel)
    if line.currency_code != "RUB":
        return 0.0
    bought = ("paid_search", "display", "paid_social", "classified")
    return AGENCY_SHARE * sum(usual_spend(size, line, name) for name in bought)


def _months(size: Size) -> Iterator[tuple[date, date]]:
    """Months of the span as ``[first, until)``, the first and last one cut off where it is."""
    first = size.starts_on
    while first < size.ends_on:
        until = min((first.replace(day=1) + timedelta(days=32)).replace(day=1), size.ends_on)
        yield first, until
        first = until
