"""The truth's table of identifiers: everything the operational tables show, and whose it is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.business_lines import LINES
from include.sandbox.world.calls import Calls
from include.sandbox.world.contacts import Contact
from include.sandbox.world.forms import Records
from include.sandbox.world.population import Population
from include.sandbox.world.truth_tables import TRUTH_TABLES
from include.sandbox.world.typed_names import NOBODYS_PHONE
from include.sandbox.world.visits import Web

SCHEMA = TRUTH_TABLES["identifier"]
NOBODY, SEVERAL = 0, -1
TRACKER_OF_SITE = {line.site: line.tracker for line in LINES}


def make_identifiers(
    population: Population,
    web: Web,
    visits: pa.Table,
    calls: Calls,
    forms: Records,
    chats: Records,
    contacts: list[Contact],
) -> pa.Table:
    """Identifiers of everything but the CRM's own records, one row each."""
    person, company = pa.array(web.person_id), pa.array(web.company_id)
    site = visits["site"]
    tracker = pc.replace_with_mask(
        site, pa.array(np.zeros(len(visits), bool)), pa.array([], "string")
    )
    for name, of_site in TRACKER_OF_SITE.items():
        tracker = pc.if_else(pc.equal(site, name), of_site, tracker)
    parts = [
        unify("visit", site, visits["visit_id"].cast(pa.string()), person, company),
        unify("metrica_client_id", site, texts_or_empty(visits), person, company),
        unify("ga_client_id", site, visits["ga_client_id"], person, company),
        unify("user_id", site, visits["user_id"], person, company),
        unify("call_visitor_id", tracker, visits["call_visitor_id"], person, company),
        unify("click_id", visits["click_id_kind"], visits["click_id"], person, company),
    ]
    for kind, table, key, of_person, of_company in (
        ("call", calls.table, "call_id", calls.person_id, calls.company_id),
        ("form_request", forms.table, "request_id", forms.person_id, forms.company_id),
        ("chat", chats.table, "chat_id", chats.person_id, chats.company_id),
    ):
        ids = table[key].cast(pa.string())
        parts.append(unify(kind, table["tracker"], ids, pa.array(of_person), pa.array(of_company)))
    parts += [find_phones(population, calls), find_emails(population, contacts)]
    parts.append(find_tax_numbers(population))
    return pa.concat_tables(parts).combine_chunks()


def texts_or_empty(visits: pa.Table) -> pa.ChunkedArray:
    """Metrica's client ids as text, empty where there is none."""
    ids = visits["metrica_client_id"]
    return pc.if_else(pc.equal(ids, pa.scalar(0, pa.uint64())), "", ids.cast(pa.string()))


def unify(
    kind: str,
    scope: pa.ChunkedArray | pa.Array,
    value: pa.ChunkedArray | pa.Array,
    person: pa.Array,
    company: pa.Array,
) -> pa.Table:
    """One row a scope and value; SEVERAL where different people or companies used it."""
    table = pa.table({"scope": scope, "value": value, "person": person, "company": company})
    table = table.filter(pc.not_equal(table["value"], ""))
    grouped = table.group_by(["scope", "value"], use_threads=False).aggregate(
        [("person", "min"), ("person", "max"), ("company", "min"), ("company", "max")]
    )
    columns = [pa.array([kind] * len(grouped), pa.string()), grouped["scope"], grouped["value"]]
    for name in ("person", "company"):
        least, most = grouped[f"{name}_min"], grouped[f"{name}_max"]
        columns.append(pc.if_else(pc.equal(least, most), least, SEVERAL))
    return pa.table(columns, schema=SCHEMA)


def find_phones(population: Population, calls: Calls) -> pa.Table:
    """Mobiles, switchboards (of several people) and the callers that are nobody's."""
    people, companies = population.people, population.companies
    known = [*people["mobile"].to_pylist(), *companies["phone"].to_pylist()]
    taken = set(known)
    strangers = sorted({*calls.table["caller_phone"].to_pylist(), NOBODYS_PHONE} - taken)
    persons = [*people["person_id"].to_pylist(), *[SEVERAL] * len(companies)]
    owners = [*people["company_id"].to_pylist(), *companies["company_id"].to_pylist()]
    return make_rows(
        "phone",
        known + strangers,
        persons + [NOBODY] * len(strangers),
        owners + [NOBODY] * len(strangers),
    )


def find_emails(population: Population, contacts: list[Contact]) -> pa.Table:
    """Addresses in lower case: people's own, throw-away ones, and mistyped ones as nobody's."""
    people = population.people
    owner = {
        email.lower(): (person, company)
        for email, person, company in zip(
            people["email"].to_pylist(),
            people["person_id"].to_pylist(),
            people["company_id"].to_pylist(),
            strict=True,
        )
    }
    for contact in contacts:
        email = contact.typed.email.lower()
        if email and email not in owner:
            is_ones_own = contact.person_id and not contact.typed.is_email_wrong
            owner[email] = (contact.person_id, contact.company_id) if is_ones_own else (0, 0)
    emails = sorted(owner)
    return make_rows(
        "email",
        emails,
        [owner[email][0] for email in emails],
        [owner[email][1] for email in emails],
    )


def find_tax_numbers(population: Population) -> pa.Table:
    """INNs; branches share their head's, which then is of SEVERAL companies."""
    owners: dict[str, int] = {}
    for row in population.companies.select(["inn", "company_id"]).to_pylist():
        if row["inn"]:
            owners[row["inn"]] = SEVERAL if row["inn"] in owners else row["company_id"]
    return make_rows("inn", list(owners), [NOBODY] * len(owners), list(owners.values()))


def make_rows(kind: str, values: list[str], persons: list[int], companies: list[int]) -> pa.Table:
    """Rows without a scope."""
    count = len(values)
    return pa.table([[kind] * count, [""] * count, values, persons, companies], schema=SCHEMA)
