"""The truth of a world, finished once the sales team has played its part.

Effects are what people would have done with the same random numbers in a world where a channel had
never been: a deal is incremental to each channel without which its buyer would not have bought, so
the channels' figures need not add up to all deals. Money is in rubles at ``RUB_PER_USD``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.business_lines import CHANNELS, LINES
from include.sandbox.world.calls import Calls
from include.sandbox.world.channels import MODELS, PAID, RUB_PER_USD, Spend, half_stock
from include.sandbox.world.choices import Choices
from include.sandbox.world.contacts import Contact
from include.sandbox.world.crm import CrmOutcome
from include.sandbox.world.incidents import make_incident_table, make_incidents
from include.sandbox.world.journeys import Needs, Touches
from include.sandbox.world.population import Population
from include.sandbox.world.sizes import Size
from include.sandbox.world.truth_tables import TRUTH_TABLES
from include.sandbox.world.visits import Web

ABROAD = "hubspot"


@dataclass(frozen=True)
class Truth:
    """Every one of ``truth_tables.TRUTH_TABLES``."""

    tables: Mapping[str, pa.Table]

    def table(self, name: str) -> pa.Table:
        """One table; ``KeyError`` for a name truth does not have."""
        return self.tables[name]


@dataclass(frozen=True)
class Story:
    """What the generator knows when everything has happened."""

    size: Size
    population: Population
    needs: Needs
    touches: Touches
    choices: Choices
    spend: Spend
    web: Web
    calls: Calls
    contacts: list[Contact]


def finish_truth(
    story: Story,
    identifiers: pa.Table,
    enquiries: pa.Table,
    crm: CrmOutcome,
    ad_stats: pa.Table,
) -> Truth:
    """All tables of truth; ``identifiers`` are those outside the CRMs."""
    journeys = make_journeys(story, gather_outcomes(enquiries, crm))
    is_won = np.zeros(len(story.needs), bool)
    paid = np.zeros(len(story.needs))
    of_need = journeys.slice(0, len(story.needs))
    is_won[:] = of_need["is_won"].to_numpy(zero_copy_only=False)
    paid[:] = of_need["paid_micros"].to_numpy()
    is_won &= story.choices.will_buy
    tables = {
        "identifier": pa.concat_tables([identifiers, crm.identifiers]).combine_chunks(),
        "person": story.population.people.select(TRUTH_TABLES["person"].names),
        "company": story.population.companies.select(TRUTH_TABLES["company"].names),
        "touch": make_touches(story, is_won),
        "journey": journeys,
        "channel_effect": measure_effects(story, is_won, paid),
        "final_figure": sum_figures(ad_stats),
        "manager": crm.managers,
        "incident": make_incident_table(make_incidents(story.size)),
    }
    return Truth({name: tables[name].cast(schema) for name, schema in TRUTH_TABLES.items()})


def gather_outcomes(enquiries: pa.Table, crm: CrmOutcome) -> pa.Table:
    """``journey_id, lead_id, deal_id, is_won, paid_micros`` of every journey with a lead.

    Enquiries of several journeys may end in one deal: it belongs to the first that wanted to buy,
    else to the first that asked.
    """
    journey = enquiries["journey_id"].to_numpy()
    will_buy = enquiries["will_buy"].to_numpy(zero_copy_only=False)
    line = np.searchsorted(np.unique(enquiries["crm"].to_pylist()), enquiries["crm"].to_pylist())
    deal = crm.deal_id * len(LINES) + line
    order = np.lexsort((np.arange(len(journey)), ~will_buy, deal))
    is_first = np.ones(len(order), bool)
    is_first[1:] = deal[order][1:] != deal[order][:-1]
    owns = np.zeros(len(order), bool)
    owns[order] = is_first & (crm.deal_id[order] > 0)
    best = np.lexsort((np.arange(len(journey)), ~(owns & crm.is_won), ~owns, journey))
    keys, first = np.unique(journey[best], return_index=True)
    rows = best[first]
    paid = np.bincount(np.searchsorted(keys, journey[owns]), crm.paid_micros[owns], len(keys))
    return pa.table(
        {
            "journey_id": keys,
            "lead_id": crm.lead_id[rows],
            "deal_id": np.where(owns[rows], crm.deal_id[rows], 0),
            "is_won": owns[rows] & crm.is_won[rows],
            "paid_micros": paid.astype(np.int64),
        }
    )


def make_journeys(story: Story, outcomes: pa.Table) -> pa.Table:
    """One row a need, in order, then one a test lead or spam."""
    needs = story.needs
    noise = {one.journey_id: one.line for one in story.contacts if not one.person_id}
    count = len(needs) + len(noise)
    lines = np.concatenate([needs.line, [noise[key] for key in sorted(noise)]]).astype(np.int64)
    columns = {name: np.zeros(count, np.int64) for name in ("lead_id", "deal_id", "paid_micros")}
    is_won = np.zeros(count, bool)
    rows = outcomes["journey_id"].to_numpy() - 1
    for name, values in columns.items():
        values[rows] = outcomes[name].to_numpy()
    is_won[rows] = outcomes["is_won"].to_numpy(zero_copy_only=False)
    nobody = np.zeros(len(noise), np.int64)
    return pa.table(
        [
            pa.array(np.arange(1, count + 1)),
            pa.array(np.concatenate([needs.person + 1, nobody])),
            pa.array(np.concatenate([needs.company_id, nobody])),
            pa.array(np.array([line.crm for line in LINES])[lines]),
            pa.array(columns["lead_id"]),
            pa.array(columns["deal_id"]),
            pa.array(is_won),
            pa.array(columns["paid_micros"]),
        ],
        schema=TRUTH_TABLES["journey"],
    )


def make_touches(story: Story, is_won: np.ndarray) -> pa.Table:
    """Touches of the span, seen or not; ``was_needed`` only where the deal was won."""
    touches, web = story.touches, story.web
    calls = np.zeros(len(touches), np.int64)
    for touch, call in story.calls.call_of_touch.items():
        calls[touch] = call
    for index, contact in enumerate(story.contacts):
        if contact.touch >= 0 and index in story.calls.call_of_contact:
            calls[contact.touch] = story.calls.call_of_contact[index]
    campaigns = np.concatenate([[0], web.visits["campaign_id"].to_numpy()])
    rows = np.flatnonzero(touches.local >= 0)
    visits = web.visit_of_touch[rows]
    return pa.table(
        [
            pa.array(rows + 1),
            pa.array(touches.need[rows] + 1),
            pa.array(story.needs.person[touches.need[rows]] + 1),
            pa.array(touches.instant[rows]).cast(pa.timestamp("us", tz="UTC")),
            pa.array(np.array(CHANNELS)[touches.channel[rows]]),
            pa.array(campaigns[visits]),
            pa.array(visits),
            pa.array(calls[rows]),
            pa.array(story.choices.is_needed[rows] & is_won[touches.need[rows]]),
        ],
        schema=TRUTH_TABLES["touch"],
    )


def measure_effects(story: Story, is_won: np.ndarray, paid: np.ndarray) -> pa.Table:
    """By channel: deals and money that would not be, cost, and the curve's two parameters."""
    rubles = paid * np.where(
        np.array([line.crm for line in LINES])[story.needs.line] == ABROAD, RUB_PER_USD, 1
    )
    rows = []
    for code, channel in enumerate(CHANNELS):
        lost = is_won & ~story.choices.buys_without[:, code]
        rows.append(
            {
                "channel": channel,
                "incremental_deals": float(lost.sum()),
                "incremental_revenue_micros": int(rubles[lost].sum()),
                "cost_micros": sum_spend(story.spend, channel),
                "saturation_spend_micros": find_half_spend(story.size, channel),
                "adstock_half_life_days": MODELS[channel].half_life_days,
            }
        )
    return pa.Table.from_pylist(rows, schema=TRUTH_TABLES["channel_effect"])


def sum_spend(spend: Spend, channel: str) -> int:
    """What the channel cost all lines over the span, in micros of a ruble, without VAT."""
    return sum(
        int(spend.micros[line.crm, channel].sum()) * (RUB_PER_USD if line.crm == ABROAD else 1)
        for line in LINES
        if (line.crm, channel) in spend.micros
    )


def find_half_spend(size: Size, channel: str) -> int:
    """Steady spend a week, all lines, that reaches half of the people; 0 for unpaid channels."""
    if channel not in PAID:
        return 0
    drain = 1.0 - 0.5 ** (1.0 / MODELS[channel].half_life_days)
    total = sum(
        half_stock(size, line, channel) * (RUB_PER_USD if line.crm == ABROAD else 1)
        for line in LINES
    )
    return int(total * drain * 7)


def sum_figures(ad_stats: pa.Table) -> pa.Table:
    """Final figures by account and day, in the account's currency."""
    keys = ["vendor", "account_id", "stats_date"]
    names = ["cost_micros", "clicks", "conversions"]
    grouped = ad_stats.group_by(keys, use_threads=False).aggregate([(n, "sum") for n in names])
    grouped = grouped.select([*keys, *(f"{name}_sum" for name in names)]).rename_columns(
        [*keys, *names]
    )
    order = pc.sort_indices(grouped, sort_keys=[(key, "ascending") for key in keys])
    return grouped.take(order)
