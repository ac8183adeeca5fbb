"""How the ad vendors revise their figures: curves by age, and rare corrections of old days.

The curves follow what each vendor says of itself: Direct takes invalid clicks back within three
days, Google's conversions come for a month, Meta's for 28 days; today lags everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.advertising import AdCatalogue
from include.sandbox.world.incidents import make_incidents
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import TABLES

CURVES: Mapping[str, Mapping[str, Mapping[int, float]]] = {
    "yandex_direct": {
        "cost": {0: 1.03, 1: 1.02, 2: 1.01, 3: 1.0},
        "clicks": {0: 1.04, 1: 1.025, 2: 1.01, 3: 1.0},
        "conversions": {0: 0.45, 1: 0.6, 2: 0.68, 3: 0.75, 7: 0.86, 14: 0.94, 21: 1.0},
    },
    "vk_ads": {
        "impressions": {0: 0.9, 1: 1.0},
        "cost": {0: 0.9, 1: 0.99, 2: 1.0},
        "clicks": {0: 0.9, 1: 0.99, 2: 1.0},
        "conversions": {0: 0.5, 1: 0.7, 3: 0.85, 7: 1.0},
    },
    "google_ads": {
        "cost": {0: 0.97, 1: 1.01, 2: 1.005, 3: 1.0},
        "clicks": {0: 0.97, 1: 1.01, 2: 1.005, 3: 1.0},
        "conversions": {0: 0.35, 1: 0.55, 3: 0.7, 7: 0.82, 14: 0.92, 30: 1.0},
    },
    "meta_ads": {
        "impressions": {0: 0.93, 1: 1.0},
        "cost": {0: 0.93, 1: 0.995, 2: 1.0},
        "clicks": {0: 0.93, 1: 0.995, 2: 1.0},
        "conversions": {0: 0.5, 1: 0.7, 7: 0.9, 14: 0.95, 28: 1.0},
    },
    "avito_ads": {
        "cost": {0: 0.95, 1: 1.0},
        "clicks": {0: 0.95, 1: 1.0},
        "conversions": {0: 1.0},
    },
}
DAYS_BETWEEN_CORRECTIONS = 40
"""Of one account, on average."""
CORRECTED_AFTER_DAYS = (5, 60)
STORM_REFUND_DAYS, STORM_FACTOR = 18, 1.6
"""Clicks of a storm of robots are paid back later."""


def make_curves() -> pa.Table:
    """The ``restatement_curve`` table."""
    rows = [
        {"vendor": vendor, "metric": metric, "age_days": age, "share": share}
        for vendor, metrics in CURVES.items()
        for metric, shares in metrics.items()
        for age, share in shares.items()
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["restatement_curve"])


def make_corrections(seed: int, size: Size, stats: pa.Table, catalogue: AdCatalogue) -> pa.Table:
    """The ``ad_correction`` table: old campaign-days whose clicks and cost are lowered at once."""
    rng = make_rng(seed, "ad_corrections")
    rows: list[dict[str, object]] = []
    for account in catalogue.tables["ad_account"].to_pylist():
        is_own = pc.and_(
            pc.equal(stats["vendor"], account["vendor"]),
            pc.equal(stats["account_id"], account["account_id"]),
        )
        own = stats.filter(pc.and_(is_own, pc.greater(stats["clicks"], 0)))
        days = own.group_by(["campaign_id", "stats_date"], use_threads=False).aggregate([])
        count = min(max(round(size.days / DAYS_BETWEEN_CORRECTIONS), 1), days.num_rows)
        for place in np.sort(rng.choice(days.num_rows, count, replace=False)).tolist():
            day = days["stats_date"][place].as_py()
            after = int(rng.integers(*CORRECTED_AFTER_DAYS))
            factor = round(float(rng.uniform(1.05, 1.4)), 2)
            campaign_id = days["campaign_id"][place].as_py()
            rows += _correct(account["vendor"], campaign_id, day, after, factor)
    clicked = stats.filter(pc.greater(stats["clicks"], 0))
    rows += _refund_storms(size, clicked, catalogue)
    return pa.Table.from_pylist(rows, schema=TABLES["ad_correction"])


def _refund_storms(size: Size, stats: pa.Table, catalogue: AdCatalogue) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for incident in make_incidents(size):
        if incident.kind != "bot_storm":
            continue
        first, end = (pa.scalar(day, pa.date32()) for day in (incident.date_from, incident.date_to))
        is_then = pc.and_(
            pc.greater_equal(stats["stats_date"], first), pc.less(stats["stats_date"], end)
        )
        places = catalogue.placements.filter(
            pc.and_(
                pc.equal(catalogue.placements["channel"], incident.channel),
                pc.equal(catalogue.placements["crm"], incident.crm),
            )
        )
        is_hit = pc.is_in(stats["campaign_id"], value_set=pc.unique(places["campaign_id"]))
        keys = ["vendor", "campaign_id", "stats_date"]
        hit = stats.filter(pc.and_(is_then, is_hit)).group_by(keys, use_threads=False).aggregate([])
        for row in hit.to_pylist():
            rows += _correct(
                row["vendor"],
                row["campaign_id"],
                row["stats_date"],
                STORM_REFUND_DAYS,
                STORM_FACTOR,
            )
    return rows


def _correct(
    vendor: str, campaign_id: int, day: date, after: int, factor: float
) -> list[dict[str, object]]:
    corrected_at = datetime.combine(day, time(6, 40), UTC) + timedelta(days=after)
    row = {"vendor": vendor, "campaign_id": campaign_id, "stats_date": day, "factor": factor}
    return [row | {"corrected_at": corrected_at, "metric": m} for m in ("clicks", "cost")]
