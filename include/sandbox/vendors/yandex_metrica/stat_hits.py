"""Reports over page views: queries whose every name begins with ``ym:pv:``.

Their days are those of the page views, so a visit over midnight shows on both days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from include.sandbox.vendors.yandex_metrica.errors import ApiError
from include.sandbox.vendors.yandex_metrica.hit_rows import Hit, HitRows
from include.sandbox.vendors.yandex_metrica.stat_fields import Value

HIT_DIMENSIONS: Mapping[str, Callable[[Hit, str], Value]] = {
    "ym:pv:date": lambda _, moment: {"name": moment[:10]},
    "ym:pv:dateTime": lambda _, moment: {"name": moment},
    "ym:pv:hour": lambda _, moment: {"id": moment[11:13], "name": f"{moment[11:13]}:00"},
    "ym:pv:URL": lambda hit, _: {"name": hit.url},
    "ym:pv:URLPath": lambda hit, _: {"name": urlsplit(hit.url).path or "/"},
    "ym:pv:URLDomain": lambda hit, _: {"name": urlsplit(hit.url).hostname},
    "ym:pv:referer": lambda hit, _: {"name": hit.referer or None},
    "ym:pv:clientID": lambda hit, _: {"name": str(hit.row["metrica_client_id"])},
}


def is_of_hits(names: Sequence[str]) -> bool:
    """Whether a query asks for page views and nothing of visits."""
    return all(name.startswith("ym:pv:") for name in names)


def read_hits(hits: HitRows, dimensions: Sequence[str]) -> Iterator[tuple[Hit, list[Value]]]:
    """Every page view with its values; 400 for a dimension nobody knows."""
    for name in dimensions:
        if name not in HIT_DIMENSIONS:
            raise ApiError("invalid_parameter", f"Unknown dimension: {name}", "dimensions")
    shows = [HIT_DIMENSIONS[name] for name in dimensions]
    for hit, moment in zip(hits.hits, hits.local_times, strict=True):
        yield hit, [show(hit, moment) for show in shows]
