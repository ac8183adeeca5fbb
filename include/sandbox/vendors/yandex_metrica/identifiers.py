"""The 64-bit ids Metrica shows for what a world numbers from one.

Ids of visits and hits fill the whole unsigned range, so that whoever keeps them as floats or as
signed numbers loses them. Both are one-to-one and can be turned back.
"""

from __future__ import annotations

MASK = (1 << 64) - 1
VISIT_FACTOR = 0x9E3779B97F4A7C15
HIT_FACTOR = 0xBF58476D1CE4E5B9
USER_FACTOR = 0x94D049BB133111EB
MOST_HITS = 1 << 12
"""More page views than any visit has."""


def to_metrica_visit_id(visit_id: int) -> int:
    """The ``ym:s:visitID`` of a world's visit."""
    return visit_id * VISIT_FACTOR & MASK


def to_world_visit_id(metrica_visit_id: int) -> int:
    """The world's visit of a ``ym:s:visitID``."""
    return metrica_visit_id * pow(VISIT_FACTOR, -1, MASK + 1) & MASK


def to_watch_id(visit_id: int, page: int) -> int:
    """The ``ym:pv:watchID`` of a visit's page view, counted from 0."""
    return (visit_id * MOST_HITS + page) * HIT_FACTOR & MASK


def to_user_hash(client_id: int, counter_id: int) -> int:
    """The ``counterUserIDHash``: another one on every counter."""
    return (client_id ^ counter_id << 20) * USER_FACTOR & MASK
