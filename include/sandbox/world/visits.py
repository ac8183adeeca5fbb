"""Visits to the three sites: of people's touches, of robots, and of halves cut at midnight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.advertising import AdCatalogue
from include.sandbox.world.business_lines import CHANNELS, LINES
from include.sandbox.world.calendar import (
    PLACES,
    SECONDS_A_DAY,
    find_offsets,
    find_place_offsets,
    to_instants,
)
from include.sandbox.world.choices import Choices
from include.sandbox.world.devices import (
    BROWSERS,
    KINDS,
    SYSTEMS,
    choose_browsers,
    ga_ids,
    ip_texts,
    metrica_ids,
    visitor_ids,
)
from include.sandbox.world.incidents import make_incidents
from include.sandbox.world.journeys import CODE, Columns, Needs, Touches
from include.sandbox.world.marks import choose_ads, make_marks, pick_places, stock_ads
from include.sandbox.world.population import Population
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import TABLES

WITHOUT_VISIT = ("exhibition", "outbound_call")
MICROS = 1_000_000
ABROAD = 2
ROBOT_NUMBER = 50_000_000
"""Robots are numbered as visitors from here on."""
SEEN_THROUGH_SHARE = 0.85
"""Robots that counters recognise as such."""
LOGGED_IN_SHARE = 0.05
STORM_FACTOR = 25


@dataclass(frozen=True)
class Hits(Columns):
    """One row a visit before it is cut at midnight, ordered by instant."""

    touch: np.ndarray  # row of Touches; -1 for robots
    person: np.ndarray  # row of people; -1 for robots
    company_id: np.ndarray
    channel: np.ndarray
    line: np.ndarray
    place: np.ndarray
    local: np.ndarray
    instant: np.ndarray
    seconds: np.ndarray


@dataclass(frozen=True)
class Web:
    """The ``visit`` table without goals, and whose each visit is; all by visit."""

    visits: pa.Table
    person_id: np.ndarray  # 0 for robots
    company_id: np.ndarray
    visit_of_touch: np.ndarray  # by touch: visit_id or 0


def make_web(
    seed: int,
    size: Size,
    population: Population,
    needs: Needs,
    touches: Touches,
    choices: Choices,
    catalogue: AdCatalogue,
) -> Web:
    """All visits of a world, ordered by instant, ``visit_id`` from 1."""
    rng = make_rng(seed, "visits")
    hits = collect_hits(rng, size, needs, touches, choices)
    shelf = stock_ads(catalogue.placements)
    first_day = np.datetime64(size.starts_on, "D")
    days = first_day + np.clip(hits.local, 0, size.days - 1).astype(np.int64)
    ads = choose_ads(rng, catalogue, hits.channel, hits.line, hits.place, days)
    family = population.people["family_id"].to_numpy() - 1
    visitor = np.where(hits.person >= 0, hits.person, ROBOT_NUMBER + np.arange(len(hits)) // 6)
    browsers = choose_browsers(
        rng,
        size,
        seed,
        visitor,
        np.where(hits.person >= 0, family[hits.person], visitor),
        np.where(hits.company_id > 0, hits.company_id, size.companies + 1 + visitor),
        hits.local,
        hits.instant,
        hits.line,
    )
    order, is_second = cut_at_midnight(size, hits)
    visit_id = np.empty(len(order), np.int64)
    visit_id[:] = np.arange(1, len(order) + 1)
    first_id = np.empty(len(hits), np.int64)
    first_id[order[~is_second]] = visit_id[~is_second]
    is_measured = ~browsers.is_blocked & ~in_incident(size, hits, "tracking_lost")
    marks = make_marks(
        rng,
        size,
        shelf,
        ads,
        hits.channel,
        hits.line,
        first_id,
        in_incident(size, hits, "utm_lost"),
    )
    columns = marks.columns | describe(rng, size, hits, is_measured)
    columns |= {
        "metrica_client_id": pa.array(
            metrica_ids(browsers, is_measured & (hits.line != ABROAD)), pa.uint64()
        ),
        "ga_client_id": ga_ids(browsers, is_measured & (hits.line == ABROAD)),
        "call_visitor_id": visitor_ids(browsers, is_measured),
        "device": pa.array(KINDS[browsers.kind]),
        "os": pa.array(SYSTEMS[browsers.system]),
        "browser": pa.array(BROWSERS[browsers.browser]),
        "ip": ip_texts(browsers),
    }
    visits = finish_visits(size, hits, columns, order, is_second)
    visit_of_touch = np.zeros(len(touches), np.int64)
    visit_of_touch[hits.touch[hits.touch >= 0]] = first_id[hits.touch >= 0]
    return Web(visits, hits.person[order] + 1, hits.company_id[order], visit_of_touch)


def collect_hits(
    rng: np.random.Generator, size: Size, needs: Needs, touches: Touches, choices: Choices
) -> Hits:
    """Visits of touches, then of robots, in order of time."""
    offline = [CODE[name] for name in WITHOUT_VISIT]
    is_visit = touches.is_seen & (touches.local >= 0) & ~np.isin(touches.channel, offline)
    rows = np.flatnonzero(is_visit)
    need = touches.need[rows]
    seconds = draw_seconds(rng, len(rows))
    asks = np.isin(rows, choices.ask_touch[choices.ask_touch >= 0])
    returns = choices.asks[need] & (touches.local[rows] > needs.decided_local[need])
    seconds = np.where(asks | returns, seconds + 90, seconds)
    people = Hits(
        rows,
        needs.person[need],
        needs.company_id[need],
        touches.channel[rows].astype(np.int64),
        needs.line[need].astype(np.int64),
        needs.place[need],
        touches.local[rows],
        touches.instant[rows],
        seconds,
    )
    robots = draw_robots(rng, size, people)
    both = [np.concatenate([getattr(part, name) for part in (people, robots)]) for name in NAMES]
    hits = Hits(*both)
    return hits.take(np.argsort(hits.instant, kind="stable"))


NAMES = tuple(Hits.__dataclass_fields__)


def draw_seconds(rng: np.random.Generator, count: int) -> np.ndarray:
    """Durations of visits; a third are over at once."""
    seconds = np.minimum(rng.lognormal(4.6, 1.1, count), 3_600.0).astype(np.int64)
    return np.where(rng.random(count) < 0.3, seconds % 15, seconds)


def draw_robots(rng: np.random.Generator, size: Size, people: Hits) -> Hits:
    """Robots come all the time and, in a storm, by the channel and the line of the incident."""
    count = int(len(people) * size.robot_share)
    local = rng.random(count) * size.days
    line = rng.choice(len(LINES), count, p=[one.share for one in LINES])
    names = ("direct", "organic", "referral", "display")
    channel = np.array([CODE[name] for name in names])[rng.integers(0, len(names), count)]
    for incident in make_incidents(size):
        if incident.kind != "bot_storm":
            continue
        of_line = next(i for i, one in enumerate(LINES) if one.crm == incident.crm)
        usual = (people.channel == CODE[incident.channel]) & (people.line == of_line)
        length = (incident.date_to - incident.date_from).days
        extra = int(usual.sum() / size.days * length * STORM_FACTOR)
        start = (incident.date_from - size.starts_on).days
        local = np.concatenate([local, start + rng.random(extra) * length])
        line = np.concatenate([line, np.full(extra, of_line)])
        channel = np.concatenate([channel, np.full(extra, CODE[incident.channel])])
    place = pick_places(rng, line)
    nobody = np.full(len(local), -1)
    instant = to_instants(size, local, place, find_place_offsets(size))
    seconds = rng.integers(0, 8, len(local))
    none = np.zeros(len(local), np.int64)
    return Hits(nobody, nobody, none, channel, line, place, local, instant, seconds)


def in_incident(size: Size, hits: Hits, kind: str) -> np.ndarray:
    """Which visits an incident of that kind touches."""
    touched = np.zeros(len(hits), bool)
    for incident in make_incidents(size):
        if incident.kind != kind:
            continue
        first = (incident.date_from - size.starts_on).days
        last = (incident.date_to - size.starts_on).days
        here = (hits.local >= first) & (hits.local < last)
        if incident.crm:
            here &= hits.line == [line.crm for line in LINES].index(incident.crm)
        if incident.channel:
            here &= hits.channel == CHANNELS.index(incident.channel)
        touched |= here
    return touched


def find_midnights(size: Size, hits: Hits) -> np.ndarray:
    """The first midnight of the site's own time zone after each visit began, in microseconds."""
    day = np.clip(hits.local.astype(np.int64), 0, size.days - 1)
    offsets = np.stack([find_offsets(size, line.time_zone) for line in LINES])
    shift = offsets[hits.line, day] * MICROS
    day_length = SECONDS_A_DAY * MICROS
    return ((hits.instant + shift) // day_length + 1) * day_length - shift


def cut_at_midnight(size: Size, hits: Hits) -> tuple[np.ndarray, np.ndarray]:
    """Rows of hits in order of the visits they make, and which of those are second halves."""
    ends = hits.instant + hits.seconds * MICROS
    midnight = find_midnights(size, hits)
    crossing = np.flatnonzero(ends > midnight)
    rows = np.concatenate([np.arange(len(hits)), crossing])
    is_second = np.concatenate([np.zeros(len(hits), bool), np.ones(len(crossing), bool)])
    starts = np.where(is_second, midnight[rows], hits.instant[rows])
    order = np.argsort(starts, kind="stable")
    return rows[order], is_second[order]


def describe(
    rng: np.random.Generator, size: Size, hits: Hits, is_measured: np.ndarray
) -> dict[str, pa.Array]:
    """Columns of the visit itself, by hit."""
    count = len(hits)
    is_robot = hits.person < 0
    pages = np.where(hits.seconds < 15, 1, 2 + rng.poisson(hits.seconds / 120.0))
    logged_in = (rng.random(count) < LOGGED_IN_SHARE) & ~is_robot & is_measured
    users = pa.array(100_000 + hits.person * 7).cast(pa.string())
    delay = np.where(rng.random(count) < size.late_share, rng.integers(86_400, 259_200, count), 0)
    known = hits.instant + (hits.seconds + rng.integers(20, 900, count) + delay) * MICROS
    return {
        "site": pa.array(np.array([line.site for line in LINES])[hits.line]),
        "user_id": pa.array(np.where(logged_in, users.to_numpy(zero_copy_only=False), "")),
        "page_views": pa.array(pages, pa.int32()),
        "is_bounce": pa.array(hits.seconds < 15),
        "country": pa.array(np.array([line.country for line in LINES])[hits.line]),
        "city": pa.array(np.array(PLACES)[hits.place]),
        "is_robot": pa.array(is_robot & (rng.random(count) < SEEN_THROUGH_SHARE)),
        "known_at": pa.array(known),
    }


def finish_visits(
    size: Size,
    hits: Hits,
    columns: dict[str, pa.Array],
    order: np.ndarray,
    is_second: np.ndarray,
) -> pa.Table:
    """Rows by visit; a second half begins at midnight, on the site's own page, without marks."""
    midnight = find_midnights(size, hits)[order]
    ends = (hits.instant + hits.seconds * MICROS)[order]
    starts = np.where(is_second, midnight, hits.instant[order])
    seconds = (np.minimum(ends, np.where(is_second, ends, midnight)) - starts) // MICROS
    taken = pa.table(columns).take(pa.array(order))
    hosts = np.array([f"https://{line.host}/" for line in LINES], object)[hits.line[order]]
    second = pa.array(is_second)
    fields = {name: taken[name] for name in taken.column_names}
    blank = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
    for name in (*blank, "click_id_kind", "click_id", "ad_vendor"):
        fields[name] = replace_where(second, "", fields[name])
    for name in ("campaign_id", "ad_group_id", "ad_id"):
        fields[name] = replace_where(second, 0, fields[name])
    fields["entry_url"] = replace_where(second, pa.array(hosts, pa.string()), fields["entry_url"])
    fields["referrer"] = replace_where(second, pa.array(hosts, pa.string()), fields["referrer"])
    fields["traffic_source"] = replace_where(second, "internal", fields["traffic_source"])
    fields["visit_id"] = pa.array(np.arange(1, len(order) + 1))
    fields["started_at"] = pa.array(starts)
    fields["duration_seconds"] = pa.array(seconds)
    fields["goal_ids"] = pa.nulls(len(order), pa.list_(pa.int64()))
    schema = TABLES["visit"]
    return pa.table([fields[name] for name in schema.names], names=schema.names).cast(schema)


def replace_where(mask: pa.Array, value: object, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column with ``value`` (a scalar or an array as long) where the mask is true."""
    return pc.if_else(mask, value, column)
