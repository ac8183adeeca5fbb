"""Figures of the market that nobody here can measure: bought, published or estimated."""

from __future__ import annotations

from include.connectors.files.entities.columns import DAY, NUMBER, required, texts
from include.connectors.files.entities.entity import Entity
from include.connectors.files.entities.finance import PERIOD_KINDS

MARKET_FIGURE = Entity(
    "market_figure",
    "metric, period and region",
    required("period_from", DAY),
    required("period_kind", words=PERIOD_KINDS),
    required("metric"),
    *texts("region", "segment"),
    required("figure", NUMBER),
    required("unit_name"),
    *texts("source_label"),
)
