"""Names of log fields: which exist, what they mean under an attribution, and their columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from include.sandbox.vendors.yandex_metrica.errors import ApiError
from include.sandbox.vendors.yandex_metrica.hit_rows import HIT_FIELDS, HitRows
from include.sandbox.vendors.yandex_metrica.visit_fields import SOURCE_FIELDS, VISIT_FIELDS
from include.sandbox.vendors.yandex_metrica.visit_rows import Uploaded, VisitRows
from include.sandbox.vendors.yandex_metrica.visits import ATTRIBUTIONS, CounterVisits
from include.sandbox.world.world import World

TEMPLATE = "<attribution>"
LEGACY_PREFIXES = {"lastSignificant": "lastsign"}
PREFIXES = sorted([*ATTRIBUTIONS.values(), *LEGACY_PREFIXES], key=len, reverse=True)
FIELD = re.compile(rf"({re.escape(TEMPLATE)}|{'|'.join(PREFIXES)}|)(\w+)")


@dataclass(frozen=True)
class LogQuery:
    """What is to be written; ``attribution`` is a prefix of fields."""

    source: str
    first: date
    last: date
    fields: tuple[str, ...]
    attribution: str = "lastsign"
    without_robots: bool = False


def read_prefix(field: str, attribution: str) -> tuple[str, str] | None:
    """Prefix and plain name of a source field; None when no such field exists.

    A name without a prefix is the legacy spelling and follows the request's attribution.
    """
    match = FIELD.fullmatch(field)
    if match is None or match[2] not in SOURCE_FIELDS:
        return None
    prefix = attribution if match[1] in (TEMPLATE, "") else match[1]
    return LEGACY_PREFIXES.get(prefix, prefix), match[2]


def require_fields(source: str, fields: Sequence[str]) -> None:
    """Raise for a field this source does not have."""
    for field in fields:
        kind, _, name = field.rpartition(":")
        if source == "visits":
            is_known = kind == "ym:s" and (
                name in VISIT_FIELDS or read_prefix(name, "lastsign") is not None
            )
        else:
            is_known = kind == "ym:pv" and name in HIT_FIELDS
        if not is_known:
            raise ApiError("invalid_parameter", f"Unknown field: {field}", "fields")


def make_columns(
    query: LogQuery,
    visits: CounterVisits,
    world: World,
    as_of: datetime,
    uploaded: Uploaded,
) -> list[list[str]]:
    """The cells of every field, in the order asked for, rows by time."""
    names = [field.rpartition(":")[2] for field in query.fields]
    if query.source == "hits":
        # a visit that began before midnight has hits after it
        day_before = query.first - timedelta(days=1)
        positions = visits.select(day_before, query.last, as_of, query.without_robots)
        hits = HitRows(
            VisitRows(visits, positions, world, as_of, uploaded), query.first, query.last
        )
        return [HIT_FIELDS[name](hits) for name in names]
    positions = visits.select(query.first, query.last, as_of, query.without_robots)
    rows = VisitRows(visits, positions, world, as_of, uploaded)
    return [_visit_column(rows, name, query.attribution) for name in names]


def _visit_column(rows: VisitRows, name: str, attribution: str) -> list[str]:
    if name in VISIT_FIELDS:
        return VISIT_FIELDS[name](rows)
    prefix, plain = read_prefix(name, attribution) or ("last", name)
    write = SOURCE_FIELDS[plain]
    return [write(rows, source) for source in rows.sources(prefix)]
