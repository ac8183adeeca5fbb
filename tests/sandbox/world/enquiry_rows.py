"""Made-up enquiries of a population, for tests of what a CRM makes of them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from include.sandbox.world.business_lines import LINE_OF_CRM
from include.sandbox.world.enquiries import ENQUIRY, SOURCES
from include.sandbox.world.names import respell_company
from include.sandbox.world.population import Population
from include.sandbox.world.sizes import Size, make_rng

KINDS, KIND_SHARES = tuple(SOURCES), (0.4, 0.4, 0.1, 0.05, 0.05)
RECORDS = ("visit_id", "call_id", "request_id", "chat_id", "metrica_client_id")
NOTHING: dict[str, Any] = dict.fromkeys(ENQUIRY.names, "") | dict.fromkeys(RECORDS, 0)


def make_enquiry_rows(size: Size, population: Population, count: int) -> pa.Table:
    """A quarter repeat the one before, some with a phone typed wrongly; a few are no customers."""
    rng = make_rng(7, "made-up enquiries")
    people = population.people.to_pylist()
    companies = {row["company_id"]: row for row in population.companies.to_pylist()}
    start = datetime.combine(size.starts_on, time(), UTC)
    rows: list[dict[str, Any]] = []
    for number, second in enumerate(np.sort(rng.integers(0, size.days * 86_400, count)).tolist()):
        if rows and rows[-1]["person_id"] and rng.random() < 0.25:
            row = dict(rows[-1])
            if rng.random() < 0.3:
                row |= {"phone": f"{row['phone'][:-3]}{number % 1000:03d}", "email": ""}
        else:
            row = _first_row(people[int(rng.integers(len(people)))], number + 1, rng)
            company = companies.get(row["company_id"])
            if company and rng.random() < 0.5:
                names = (company["legal_name"], company["bare_name"])
                row["company_title"] = respell_company(*names, rng)
        is_call = row["kind"] == "call"
        row["is_answered"] = is_call and rng.random() < 0.7
        row["manager_id"] = 1 + number % size.managers_of(row["crm"]) if row["is_answered"] else 0
        rows.append(row | {"enquiry_id": number + 1, "occurred_at": start + timedelta(0, second)})
    return pa.Table.from_pylist(rows, schema=ENQUIRY)


def _first_row(person: dict[str, Any], journey_id: int, rng: np.random.Generator) -> dict[str, Any]:
    kind = KINDS[int(rng.choice(len(KINDS), p=KIND_SHARES))]
    luck, quality = rng.random(), float(rng.random())
    is_test, is_spam = luck < 0.03, luck > 0.95
    is_somebody = not is_test and not is_spam
    return NOTHING | {
        "journey_id": journey_id,
        "person_id": person["person_id"] * is_somebody,
        "company_id": person["company_id"] * is_somebody,
        "crm": person["crm"],
        "kind": kind,
        "channel": "paid_search",
        "source": SOURCES[kind],
        "name": f"{person['first_name']} {person['last_name']}",
        "phone": person["mobile"],
        "email": person["email"] if rng.random() < 0.5 else "",
        "utm_source": "yandex",
        "city": person["city"],
        "currency_code": LINE_OF_CRM[person["crm"]].currency_code,
        "quality": quality,
        "will_buy": bool(is_somebody and rng.random() < 0.7 * quality),
        "value_micros": int(rng.lognormal(12, 1)) * 1_000_000,
        "is_test": bool(is_test),
        "is_spam": bool(is_spam),
    }
