"""What goes wrong, or is tried on purpose, at fixed fractions of the span.

The stages read these days and act on them; truth lists them. Adding an :class:`Incident` of a kind
that a stage already knows is all it takes to plant another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from include.sandbox.world.sizes import Size
from include.sandbox.world.truth_tables import TRUTH_TABLES


@dataclass(frozen=True)
class Incident:
    """One event of the days ``[date_from, date_to)``; ``region`` and ``crm`` empty mean all."""

    kind: str
    date_from: date
    date_to: date
    channel: str
    description: str
    region: str = ""
    crm: str = ""

    @property
    def incident_id(self) -> str:
        """Stable while the incident's kind, place and first day are."""
        place = "-".join(part for part in (self.channel, self.region, self.crm) if part)
        return f"{self.kind}:{place}:{self.date_from.isoformat()}"


PLAN: tuple[tuple[str, float, int, str, str, str, str], ...] = (
    ("switched_off", 0.20, 14, "display", "", "", "Display paused to see what it brings."),
    ("switched_off", 0.34, 7, "paid_social", "", "", "Paid social paused for a week."),
    ("regional_test", 0.42, 28, "paid_social", "Казань", "", "No paid social in one region."),
    ("regional_test", 0.42, 28, "paid_search", "Houston", "", "No paid search in one region."),
    ("switched_off", 0.48, 7, "paid_search", "", "amocrm", "Paid search of one brand paused."),
    ("renamed_stage", 0.50, 1, "", "", "bitrix24", "A deal stage gets another name."),
    ("tracking_lost", 0.55, 3, "", "", "bitrix24", "A release of the site lost its counters."),
    ("budget_doubled", 0.62, 14, "paid_search", "", "bitrix24", "Twice the search budget."),
    ("dead_pool", 0.72, 2, "", "", "amocrm", "The numbers of the site's pool do not ring."),
    ("bot_storm", 0.80, 2, "display", "", "bitrix24", "Robots click on display ads."),
    ("utm_lost", 0.87, 4, "paid_social", "", "hubspot", "A redirect cuts off the UTM marks."),
)
"""kind, fraction of the span, days, channel, region, crm, description."""


def make_incidents(size: Size) -> tuple[Incident, ...]:
    """The incidents of a world of that size, by first day; in short spans they last a day or so."""
    longest = max(1, size.days // 8)
    incidents = []
    for kind, fraction, days, channel, region, crm, description in PLAN:
        first = size.starts_on + timedelta(days=int(fraction * size.days))
        last = min(first + timedelta(days=min(days, longest)), size.ends_on)
        incidents.append(Incident(kind, first, last, channel, description, region, crm))
    return tuple(incidents)


def describe_incident(incident: Incident) -> str:
    """What happened, and where if not everywhere."""
    places = " ".join(place for place in (incident.crm, incident.region) if place)
    return f"{incident.description} ({places})" if places else incident.description


def make_incident_table(incidents: tuple[Incident, ...]) -> pa.Table:
    """The truth's table of them."""
    return pa.Table.from_pylist(
        [
            {
                "incident_id": incident.incident_id,
                "kind": incident.kind,
                "date_from": incident.date_from,
                "date_to": incident.date_to,
                "channel": incident.channel,
                "description": describe_incident(incident),
            }
            for incident in incidents
        ],
        schema=TRUTH_TABLES["incident"],
    )
