"""Runs every attribution model over somebody's own file, in an engine of its own.

Heuristic models are SQL over whole numbers of 10⁻³⁶, so their credit adds up exactly and no order
of rows changes it; chains and games are solved over what SQL has aggregated.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from include.attribution.markov import Step, TooManyStates, find_removal_effects
from include.attribution.shapley import MOST_EXACT, ChannelSet, find_shapley_values
from include.embedded import process
from include.settings import PROJECT_ROOT
from include.terminal.attribution_input import CannotAttribute, PathFile, read_path_file
from include.terminal.attribution_options import AttributionOptions
from include.warehouse import run_sql
from include.warehouse.client import ClickHouseTarget, connect

UNATTRIBUTED = "unattributed"
"""What the result calls the conversions and the money no touch earned."""
HEURISTICS = (
    "first",
    "last",
    "last_non_direct",
    "last_paid",
    "first_paid",
    "linear",
    "linear_unique",
    "time_decay",
    "position_based",
)

Tell = Callable[[str], None]
Credit = dict[str, dict[str, float]]
Pair = tuple[Fraction, Fraction]

_SQL = PROJECT_ROOT / "sql" / "attribute"
_UNIT = 10**18


@dataclass(frozen=True)
class Totals:
    """Conversions and their amount: of all journeys, and of those with a touch."""

    everything: Pair
    touched: Pair
    has_nulls: bool
    channels: tuple[str, ...]


def attribute_file(source: Path, out: Path, options: AttributionOptions, tell: Tell) -> None:
    """Write ``{model: {channel: {conversions, value}}}`` of the file; :class:`CannotAttribute`."""
    if not out.parent.is_dir():
        raise CannotAttribute(f"{out}: there is no folder {out.parent}; make it, or name another")
    found = read_path_file(source)
    with open_engine() as client:
        result = attribute(client, found, options, str(source), tell)
    unfinished = out.with_name(f"{out.name}.unfinished")
    try:
        unfinished.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")
        unfinished.replace(out)
    except OSError as error:
        raise CannotAttribute(
            f"{out}: cannot be written ({error.strerror}); name another file"
        ) from None
    tell(f"{out}: {len(result)} models over {found.table.num_rows:,} rows")


@contextmanager
def open_engine() -> Iterator[Client]:
    """An engine in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="throughline-attribute-") as folder:
        engine = process.start(Path(folder) / "engine")
        try:
            target = ClickHouseTarget(engine.host, engine.port, engine.user, engine.password)
            with connect(target) as client:
                yield client
        finally:
            engine.stop()


def attribute(
    client: Client, found: PathFile, options: AttributionOptions, name: str, tell: Tell
) -> dict[str, Credit]:
    """Credit of every model; ``name`` is the file's in errors. Uses the database ``attribute``."""
    if options.lookback_days is not None and not found.is_log:
        raise CannotAttribute(
            f"{name}: LOOKBACK needs a touch log: aggregated paths carry no times; leave it out"
        )
    parameters = options.parameters(found.is_log)
    client.command("drop database if exists attribute")
    client.command("create database attribute")
    try:
        _load(client, found, parameters, name)
        totals = _read_totals(client)
        _tell_unknown(options, totals, tell)
        heuristics = _heuristics(client, parameters, totals)
        result = {model: heuristics[model] for model in HEURISTICS}
        for order in options.orders:
            try:
                result[f"markov_order{order}"] = _markov(client, order, totals)
            except TooManyStates as error:
                if options.is_order_chosen:
                    raise CannotAttribute(
                        f"{name}: markov_order{order} has {error}; join rare channels, or give"
                        " another ORDER"
                    ) from None
                tell(f"markov_order{order} is left out: {error}; join rare channels")
        unanimity = heuristics["linear_unique"]
        result["shapley"] = _shapley(client, totals, tell) if totals.has_nulls else unanimity
        # Every journey pays its own channels alike: by the axioms that is this game's value.
        result["shapley_unanimity"] = unanimity
        if not totals.has_nulls:
            tell("shapley: no journey failed to convert, so it equals shapley_unanimity")
        return result
    finally:
        client.command("drop database if exists attribute")


def _load(client: Client, found: PathFile, parameters: Mapping[str, Any], name: str) -> None:
    kind = "log" if found.is_log else "path"
    texts = ", ".join(f"{one} String" for one in found.table.column_names[1:])
    client.command(f"create table attribute.rows_read (row_number UInt64, {texts}) engine = Memory")
    if found.table.num_rows:
        client.insert_arrow("attribute.rows_read", found.table)
    faults = _ask(client, f"{kind}_faults", parameters, "order by row_number, column_name limit 1")
    for row, column, cell, cure in faults:
        shown = cell if len(cell) <= 60 else f"{cell[:59]}…"
        # Whose touches they are is a mailbox or a phone often enough: the row tells where.
        said = f"{column}" if column == "user_id" and cell else f"{column} is {shown!r};"
        raise CannotAttribute(f"{name}: row {row}: {said} {cure}")
    client.command(
        "create table attribute.journeys (channels Array(LowCardinality(String)),"
        " ages Array(Float64), conversions Int256, amount Int256, nulls Int256) engine = Memory"
    )
    run_sql.run(client, _SQL / f"{kind}_journeys.sql", parameters, target="attribute.journeys")


def _ask(
    client: Client, statement: str, parameters: Mapping[str, Any], tail: str = ""
) -> Sequence[Sequence[Any]]:
    text = run_sql.read_statement(_SQL / f"{statement}.sql").text
    used = run_sql.parameters_of(text)
    return client.query(
        f"select * from (\n{text}\n) {tail}",
        parameters={key: value for key, value in parameters.items() if key in used},
        settings=dict(run_sql.SETTINGS),
    ).result_rows


def _read_totals(client: Client) -> Totals:
    ((conversions, amount, lone_conversions, lone_amount, has_nulls, channels),) = _ask(
        client, "totals", {}
    )
    return Totals(
        (Fraction(int(conversions), _UNIT), Fraction(int(amount), _UNIT)),
        (
            Fraction(int(conversions) - int(lone_conversions), _UNIT),
            Fraction(int(amount) - int(lone_amount), _UNIT),
        ),
        bool(has_nulls),
        tuple(sorted(channels)),
    )


def _tell_unknown(options: AttributionOptions, totals: Totals, tell: Tell) -> None:
    if options.is_direct_chosen and options.direct not in totals.channels:
        tell(f"DIRECT: no touch is of channel '{options.direct}'")
    for channel in options.paid:
        if channel not in totals.channels:
            tell(f"PAID: no touch is of channel '{channel}'")
    if not options.paid:
        tell(f"PAID names no channel, so last_paid and first_paid leave all {UNATTRIBUTED}")


def _heuristics(client: Client, parameters: Mapping[str, Any], totals: Totals) -> dict[str, Credit]:
    earned: dict[str, dict[str, Pair]] = {model: {} for model in HEURISTICS}
    for model, channel, conversions, amount in _ask(client, "heuristic_credit", parameters):
        earned[model][channel or UNATTRIBUTED] = (
            Fraction(int(conversions), _UNIT**2),
            Fraction(int(amount), _UNIT**2),
        )
    return {model: write_credit(credit, totals) for model, credit in earned.items()}


def _markov(client: Client, order: int, totals: Totals) -> Credit:
    rows = _ask(
        client,
        "transitions",
        {"markov_order": order},
        "order by previous_channel, channel, next_channel",
    )
    effects = find_removal_effects([Step(*row[:-1]) for row in rows], order)
    # A refund can cancel what a channel earned, and shares of nothing are no shares.
    has_refund = any(row[-1] for row in rows)
    chosen = (effects.conversions, effects.conversions if has_refund else effects.amount)
    return write_credit(_share(chosen, totals), totals)


def _share(effects: Sequence[Mapping[str, float]], totals: Totals) -> dict[str, Pair]:
    sums = [math.fsum(effect.values()) for effect in effects]
    return {
        channel: (
            _part(effects[0][channel], sums[0], totals.touched[0]),
            _part(effects[1][channel], sums[1], totals.touched[1]),
        )
        for channel in effects[0]
    }


def _part(effect: float, whole: float, total: Fraction) -> Fraction:
    return Fraction(effect) / Fraction(whole) * total if whole else Fraction(0)


def _shapley(client: Client, totals: Totals, tell: Tell) -> Credit:
    number = {channel: place for place, channel in enumerate(totals.channels)}
    rows = _ask(client, "channel_sets", {}, "order by names")
    sets = [ChannelSet(tuple(number[name] for name in names), *figures) for names, *figures in rows]
    found = find_shapley_values(sets, len(number))
    journeys = math.fsum(one.journeys for one in sets)
    earned = {
        channel: (
            Fraction(float(found.values[place, 0])) * Fraction(journeys),
            Fraction(float(found.values[place, 1])) * Fraction(journeys),
        )
        for channel, place in number.items()
    }
    credit = write_credit(earned, totals)
    if found.standard_errors is not None:
        errors = found.standard_errors * journeys
        for channel, place in number.items():
            credit[channel]["conversions_standard_error"] = float(errors[place, 0])
            credit[channel]["value_standard_error"] = float(errors[place, 1])
        tell(f"shapley: {len(number)} channels are more than {MOST_EXACT}, so orders were drawn")
    return credit


def write_credit(earned: Mapping[str, Pair], totals: Totals) -> Credit:
    """Doubles of every channel, that add up to the total as :func:`round_to_doubles` says.

    Without :data:`UNATTRIBUTED` in ``earned``, that is what journeys without a touch hold, and all
    of a figure that no channel earned.
    """
    columns = []
    names = [*totals.channels]
    for kind in (0, 1):
        column = {channel: earned.get(channel, _NOTHING)[kind] for channel in totals.channels}
        if UNATTRIBUTED in earned:
            column[UNATTRIBUTED] = earned[UNATTRIBUTED][kind]
        elif any(column.values()):
            column[UNATTRIBUTED] = totals.everything[kind] - totals.touched[kind]
        else:
            column[UNATTRIBUTED] = totals.everything[kind]
        columns.append(round_to_doubles(column, totals.everything[kind]))
    if any(column[UNATTRIBUTED] for column in columns):
        names.append(UNATTRIBUTED)
    return {name: {"conversions": columns[0][name], "value": columns[1][name]} for name in names}


_NOTHING = (Fraction(0), Fraction(0))


def round_to_doubles(amounts: Mapping[str, Fraction], total: Fraction) -> dict[str, float]:
    """Nearest doubles that still add up, in one of two senses.

    Amounts that end as decimals are written as those decimals, whose sum is the total. Where some
    do not end, the largest of those is bent by its last digits: ``fsum`` is the total's double.
    """
    doubles = {name: float(amount) for name, amount in amounts.items()}
    wanted = float(total)
    endless = [name for name in sorted(doubles) if Fraction(repr(doubles[name])) != amounts[name]]
    # Where credits cancel, the largest has coarser digits than the total: smaller ones bend too.
    bent = sorted(doubles, key=lambda name: (name not in endless, -abs(doubles[name]), name))
    for name in bent if endless else ():
        if math.fsum(doubles.values()) == wanted:
            break
        missing = Fraction(wanted) - sum(map(Fraction, doubles.values()), Fraction(0))
        doubles[name] = float(Fraction(doubles[name]) + missing)
    return doubles
