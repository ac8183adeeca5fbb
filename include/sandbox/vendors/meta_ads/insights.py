"""An insights report: every row is known once, and written as text when its page is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.meta_ads.book import HIDDEN, Account, GraphBook
from include.sandbox.vendors.meta_ads.breakdowns import WITHOUT_OFF_META
from include.sandbox.vendors.meta_ads.filtering import names_status, passes
from include.sandbox.vendors.meta_ads.insight_cells import (
    ID_OF_LEVEL,
    Group,
    add_up_figures,
    read_groups,
)
from include.sandbox.vendors.meta_ads.insight_fields import (
    FIGURES,
    LEVEL_FIELDS,
    LEVELS,
    LIST_METRICS,
    METRICS,
    make_list_metric,
)
from include.sandbox.vendors.meta_ads.insight_request import AskedInsights
from include.sandbox.world.world import World

ATTRIBUTION = "7d_click_1d_view"
OBJECT_PREFIXES = ("campaign.", "adset.", "ad.", "campaign_", "adset_", "ad_")
"""How filters name properties of objects; all other filters judge finished rows."""


class Insights:
    """The rows of one report as they stood at ``as_of``; slices of it are written rows."""

    def __init__(
        self, world: World, book: GraphBook, account: Account, asked: AskedInsights, as_of: datetime
    ) -> None:
        self._book = book
        self._account = account
        self._asked = asked
        self._known: dict[tuple[str, ...], dict[str, Any]] = {}
        self._named: dict[int, dict[str, Any]] = {}
        objects = [f for f in asked.filters if str(f["field"]).startswith(OBJECT_PREFIXES)]
        self._row_filters = [f for f in asked.filters if f not in objects]

        def is_wanted(ids: Mapping[str, int]) -> bool:
            known = self._describe(ids, "ad")
            return passes(objects, lambda name: known.get(name))

        self._rows = self._hide(
            add_up_figures(world, account, asked, as_of, is_wanted if objects else None)
        )
        self._order: list[int] | None = None
        if self._row_filters or asked.sort[0]:
            self._order = self._choose_and_sort()

    def __len__(self) -> int:
        return len(self._rows) if self._order is None else len(self._order)

    def __getitem__(self, which: slice) -> list[dict[str, Any]]:
        if self._order is None:
            rows = self._rows.slice(which.start, max(which.stop - which.start, 0))
        else:
            rows = self._rows.take(pa.array(self._order[which], pa.int64()))
        return [self._write(group) for group in read_groups(rows)]

    def summarise(self) -> dict[str, Any]:
        """The figures of all rows together."""
        asked = self._asked
        rows = self._rows
        if self._order is not None:
            rows = rows.take(pa.array(self._order, pa.int64()))
        total = {name: pc.sum(rows[name]).as_py() or 0 for name in FIGURES}
        span = {"date_start": str(asked.since), "date_stop": str(asked.until)}
        return _write_figures(total, asked, asked.summary_fields) | span

    def _hide(self, rows: pa.Table) -> pa.Table:
        """Without the rows of archived and deleted objects, unless a filter decides about them."""
        level = self._asked.level
        if level == "account" or names_status(self._asked.filters):
            return rows
        ids = rows[ID_OF_LEVEL[level]]
        nodes = {number: self._book.nodes.get(str(number)) for number in ids.unique().to_pylist()}
        hidden = [
            number
            for number, node in nodes.items()
            if node is not None and node.row["effective_status"] in HIDDEN
        ]
        return (
            rows.filter(pc.invert(pc.is_in(ids, pa.array(hidden, pa.int64())))) if hidden else rows
        )

    def _choose_and_sort(self) -> list[int]:
        """Places of the rows that pass the filters of figures, in the order asked for."""
        groups = read_groups(self._rows)
        places = [place for place, group in enumerate(groups) if self._passes(*group)]
        if self._asked.sort[0]:
            rank = _sort_key(self._asked.sort[0])
            written = {place: rank(self._write(groups[place])) for place in places}
            places.sort(key=written.__getitem__, reverse=self._asked.sort[1])
        return places

    def _passes(self, labels: Mapping[str, Any], figures: Mapping[str, int]) -> bool:
        known = self._describe(labels, self._asked.level)
        return passes(self._row_filters, _make_reader(known, figures, labels))

    def _write(self, group: Group) -> dict[str, Any]:
        labels, figures = group
        asked = self._asked
        shown = _write_figures(figures, asked, asked.fields) | self._name(labels)
        if "attribution_setting" in asked.fields:
            shown["attribution_setting"] = ATTRIBUTION
        shown["date_start"], shown["date_stop"] = str(labels["since"]), str(labels["until"])
        for name in asked.breakdowns:
            shown[name] = labels[name]
        return shown

    def _name(self, labels: Mapping[str, Any]) -> dict[str, Any]:
        """The fields asked for that are the same in every row of an object."""
        key = labels[ID_OF_LEVEL[self._asked.level]] if self._asked.level != "account" else 0
        if key not in self._named:
            asked = self._asked
            known = self._describe(labels, asked.level)
            fields = [f for of in LEVELS[: LEVELS.index(asked.level) + 1] for f in LEVEL_FIELDS[of]]
            self._named[key] = {
                name: known[name]
                for name in fields
                if name in asked.fields and known.get(name) not in (None, "")
            }
        return self._named[key]

    def _describe(self, labels: Mapping[str, Any], level: str) -> dict[str, Any]:
        """Ids and names by field, and ``campaign.effective_status`` and the like for filters."""
        levels = LEVELS[1 : LEVELS.index(level) + 1]
        ids = tuple(str(labels[ID_OF_LEVEL[name]]) for name in levels)
        if ids in self._known:
            return self._known[ids]
        account = self._account
        known: dict[str, Any] = {
            "account_id": account.number,
            "account_name": account.name,
            "account_currency": account.currency,
        }
        for name, node_id in zip(levels, ids, strict=True):
            node = self._book.nodes.get(node_id)
            row = node.row if node else {}
            known |= {f"{name}_id": node_id, f"{name}_name": row.get("name")}
            known |= {f"{name}.{key}": value for key, value in row.items()}
            for extra in ("objective", "buying_type", "optimization_goal"):
                if extra in row:
                    known[extra] = row[extra]
        self._known[ids] = known
        return known


def _make_reader(
    known: Mapping[str, Any], figures: Mapping[str, int], labels: Mapping[str, Any]
) -> Callable[[str], Any]:
    def read(name: str) -> Any:
        if name in METRICS:
            return METRICS[name](figures) or "0"
        if name in labels:
            return labels[name]
        return known.get(name, known.get(name.replace(".", "_")))

    return read


def _write_figures(
    figures: Mapping[str, int], asked: AskedInsights, fields: tuple[str, ...]
) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if "wish_bid" in fields:
        # the vendor's known fault: asking for the bid spoils the spend of the same row
        figures = {**figures, "cost_micros": figures["cost_micros"] * 100}
    has_off_meta = not WITHOUT_OFF_META & set(asked.breakdowns)
    for name in fields:
        if name in METRICS:
            text = METRICS[name](figures)
            if text:
                shown[name] = text
        elif name in LIST_METRICS:
            called, value = make_list_metric(name, figures, asked.windows, has_off_meta)
            if value:
                shown[called] = value
    return shown


def _sort_key(name: str) -> Callable[[Mapping[str, Any]], tuple[float, str]]:
    def rank(row: Mapping[str, Any]) -> tuple[float, str]:
        text = str(row.get(name, "0"))
        try:
            return float(text), ""
        except ValueError:
            return 0.0, text

    return rank
