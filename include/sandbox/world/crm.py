"""The three CRMs of a world: what became of every enquiry, and the money it brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.business_lines import LINES, BusinessLine
from include.sandbox.world.crm_deals import DealDesk
from include.sandbox.world.crm_leads import LeadDesk, draw_patience, to_enquiry
from include.sandbox.world.crm_people import PeopleBook
from include.sandbox.world.crm_records import NOBODY, Deal
from include.sandbox.world.crm_stages import SETUP_OF_CRM, make_stage_tables
from include.sandbox.world.crm_tables import (
    Numbers,
    Played,
    Row,
    make_crm_rows,
    semantics_of,
    steps_before,
    to_table,
)
from include.sandbox.world.managers import ManagerDesk
from include.sandbox.world.population import Population
from include.sandbox.world.products import make_products, read_price_lists
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.truth_tables import TRUTH_TABLES
from include.sandbox.world.working_time import WorkingTime

SIBLING_PAYS_SHARE = 0.05
"""Payments by another company of the buyer's holding."""


@dataclass(frozen=True)
class CrmOutcome:
    """``tables``: every ``crm_…`` table, ``product`` and ``payment``.

    The arrays are by row of the enquiries: ids within the enquiry's CRM (0: none), whether its deal
    stands won at the world's end, and what has been paid for it without VAT, refunds deducted;
    enquiries that belong to one deal all repeat it. ``managers`` and ``identifiers`` (of contacts,
    leads, deals, companies) are truth.
    """

    tables: Mapping[str, pa.Table]
    lead_id: np.ndarray
    deal_id: np.ndarray
    is_won: np.ndarray
    paid_micros: np.ndarray
    managers: pa.Table
    identifiers: pa.Table


def make_crm(seed: int, size: Size, population: Population, enquiries: pa.Table) -> CrmOutcome:
    """Play the sales of the whole span; the same seed, size and enquiries give the same rows."""
    products = make_products(seed, size)
    prices = read_price_lists(products)
    patience = draw_patience(make_rng(seed, "patience"), enquiries["journey_id"].to_numpy())
    companies = {row["company_id"]: row for row in population.companies.to_pylist()}
    outcome = _Outcome(enquiries.num_rows, companies, make_rng(seed, "payers"))
    shown, true = [], []
    for line in LINES:
        rng = make_rng(seed, f"crm/{line.crm}")
        work = WorkingTime(line, size.starts_on, size.ends_on)
        end = int(datetime.combine(size.ends_on, time(), UTC).timestamp())
        setup, people = SETUP_OF_CRM[line.crm], PeopleBook(companies, rng)
        desk = ManagerDesk(seed, size, line, work)
        deals = DealDesk(line, setup, work, desk, people, prices[line.crm], end, rng)
        leads = LeadDesk(line, setup, work, desk, people, deals, patience, rng)
        places = np.flatnonzero(pc.equal(enquiries["crm"], line.crm).to_numpy())
        own = enquiries.take(pa.array(places)).to_pylist()
        taken = [leads.take(to_enquiry(row)) for row in own]
        people.settle_merges(end)
        tasks = [*leads.tasks, *deals.tasks]
        played = Played(line, setup, work, people, leads.leads, deals.deals, tasks, end)
        outcome.add(played, places, taken)
        tables = desk.to_tables()
        shown.append(tables[0])
        true.append(tables[1])
    tables = {name: to_table(name, rows) for name, rows in outcome.rows.items()}
    tables |= make_stage_tables(size) | {"product": products}
    tables["crm_manager"] = pa.concat_tables(shown).combine_chunks()
    return CrmOutcome(
        tables,
        *outcome.columns,
        pa.concat_tables(true).combine_chunks(),
        pa.Table.from_pylist(outcome.identifiers, schema=TRUTH_TABLES["identifier"]),
    )


class _Outcome:
    """Gathers the CRMs' rows and what each enquiry came to."""

    def __init__(
        self, count: int, companies: Mapping[int, Mapping[str, Any]], rng: np.random.Generator
    ) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.identifiers: list[Row] = []
        self.columns = (
            np.zeros(count, np.int64),
            np.zeros(count, np.int64),
            np.zeros(count, bool),
            np.zeros(count, np.int64),
        )
        self._companies, self._rng = companies, rng
        self._holdings: dict[int, list[int]] = {}
        for company_id, row in companies.items():
            if row["holding_id"]:
                self._holdings.setdefault(row["holding_id"], []).append(company_id)

    def add(self, played: Played, places: np.ndarray, taken: Sequence[int]) -> None:
        """One CRM: ``taken`` are the leads of the enquiries at ``places``."""
        ids = Numbers.of(played)
        for name, rows in make_crm_rows(played, ids).items():
            self.rows.setdefault(name, []).extend(rows)
        self._pay(played, ids)
        self._identify(played, ids)
        lead_id, deal_id, is_won, paid = self.columns
        kinds = semantics_of(played.setup)
        for place, lead_place in zip(places.tolist(), taken, strict=True):
            lead = played.leads[lead_place]
            lead_id[place] = ids.lead[lead_place]
            if lead.merged_into != NOBODY:
                lead = played.leads[lead.merged_into]
            if lead.deal == NOBODY or not ids.deal[lead.deal]:
                continue
            deal = played.deals[lead.deal]
            last = steps_before(deal, played.end)[-1]
            deal_id[place] = ids.deal[lead.deal]
            is_won[place] = kinds[last.pipeline_id, last.stage_id] == "won"
            paid[place] = sum(micros - vat for at, micros, vat in deal.payments if at < played.end)

    def _pay(self, played: Played, ids: Numbers) -> None:
        found = [
            (at, ids.deal[place], deal, micros, vat)
            for place, deal in enumerate(played.deals)
            for at, micros, vat in deal.payments
            if at < played.end and ids.deal[place]
        ]
        found.sort(key=lambda payment: payment[:2])
        payers: dict[int, tuple[str, str]] = {}
        rows = self.rows.setdefault("payment", [])
        for at, deal_id, deal, micros, vat in found:
            if deal_id not in payers:
                payers[deal_id] = self._payer(deal, played.line, played.people)
            inn, name = payers[deal_id]
            rows.append(
                {
                    "payment_id": len(rows) + 1,
                    "crm": played.line.crm,
                    "deal_id": deal_id,
                    "paid_at": at,
                    "kind": "payment" if micros > 0 else "refund",
                    "amount_micros": micros,
                    "vat_micros": vat,
                    "currency_code": played.line.currency_code,
                    "payer_inn": inn,
                    "payer_name": name,
                    "document_number": f"{1000 + len(rows)}",
                }
            )

    def _payer(self, deal: Deal, line: BusinessLine, people: PeopleBook) -> tuple[str, str]:
        company = self._companies.get(deal.true_company_id)
        if company is None:
            contact = people.contacts[deal.contact] if deal.contact != NOBODY else None
            return "", (contact.enquiry["name"] if contact else "") or deal.title
        siblings = self._holdings.get(company["holding_id"], ())
        if siblings and self._rng.random() < SIBLING_PAYS_SHARE:
            sibling = self._companies[siblings[int(self._rng.integers(len(siblings)))]]
            company = sibling if sibling["country"] == line.country else company
        return company["inn"], company["legal_name"]

    def _identify(self, played: Played, ids: Numbers) -> None:
        crm = played.line.crm

        def add(kind: str, number: int, person_id: int, company_id: int) -> None:
            if number:
                own = {"kind": kind, "scope": crm, "value": str(number)}
                self.identifiers.append(own | {"person_id": person_id, "company_id": company_id})

        for number, contact in zip(ids.contact, played.people.contacts, strict=True):
            persons = contact.person_ids - {0}
            person = next(iter(persons)) if len(persons) == 1 else -1 if persons else 0
            add("contact", number, person, contact.true_company_id)
        for number, lead in zip(ids.lead, played.leads, strict=True):
            add("lead", number, lead.enquiry["person_id"], lead.enquiry["company_id"])
        for number, deal in zip(ids.deal, played.deals, strict=True):
            add("deal", number, deal.person_id, deal.true_company_id)
        for number, company in zip(ids.company, played.people.companies, strict=True):
            add("company", number, 0, company.true_id)
