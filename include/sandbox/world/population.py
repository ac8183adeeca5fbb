"""Who may buy: companies, people, and what they share with each other.

Only truth and the stages of the generator see these tables. Row ``i`` is id ``i + 1``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.sandbox.world.business_lines import LINES, REGIONS
from include.sandbox.world.channels import region_weights
from include.sandbox.world.names import (
    FREE_MAIL,
    make_company_name,
    make_person_name,
    swap_letters,
    transliterate,
)
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import BOOL, ID, TEXT, make_schema
from include.sandbox.world.tax_numbers import make_inn, make_kpp

COMPANY = make_schema(
    ("company_id", ID),
    ("holding_id", ID),  # 0 where it stands alone
    ("crm", TEXT),
    ("legal_name", TEXT),
    ("bare_name", TEXT),  # without the legal form
    ("inn", TEXT),  # empty abroad; companies of a holding have their own, branches share one
    ("kpp", TEXT),
    ("domain", TEXT),  # empty where it uses free mail
    ("phone", TEXT),  # the switchboard, E.164
    ("country", TEXT),
    ("city", TEXT),
    ("wealth", pa.float64()),  # multiplies what it buys for, around 1
)
PERSON = make_schema(
    ("person_id", ID),
    ("company_id", ID),  # 0 for private people
    ("other_company_id", ID),  # 0 for most
    ("kind", TEXT),  # buyer, private, broker
    ("crm", TEXT),
    ("first_name", TEXT),
    ("last_name", TEXT),
    ("mobile", TEXT),  # E.164, nobody else's
    ("has_shared_phone", BOOL),  # also calls through the switchboard
    ("email", TEXT),
    ("country", TEXT),
    ("city", TEXT),
    ("family_id", ID),  # the person whose home computer is used; oneself for most
    ("interest", pa.float64()),  # relative frequency of needs
)
PHONE_CODES = {
    "Москва": "495",
    "Санкт-Петербург": "812",
    "Екатеринбург": "343",
    "Казань": "843",
    "Новосибирск": "383",
    "Краснодар": "861",
    "New York": "212",
    "Chicago": "312",
    "Houston": "713",
    "Atlanta": "404",
    "Phoenix": "602",
    "Seattle": "206",
}


@dataclass(frozen=True)
class Population:
    """``companies`` of schema COMPANY and ``people`` of schema PERSON."""

    companies: pa.Table
    people: pa.Table


def make_population(seed: int, size: Size) -> Population:
    """Everybody of a world, the same for the same seed and size."""
    companies = make_companies(seed, size)
    return Population(companies, make_people(seed, size, companies))


def make_companies(seed: int, size: Size) -> pa.Table:
    """Companies; about ``holding_share`` of them belong to holdings of two to five."""
    rng = make_rng(seed, "companies")
    lines = rng.choice(len(LINES), size.companies, p=[line.share for line in LINES])
    holding_of = make_holdings(size, lines, rng)
    wealth = rng.lognormal(-0.32, 0.8, size.companies)
    rows: list[dict[str, object]] = []
    domains: set[str] = set()
    for index in range(size.companies):
        line = LINES[lines[index]]
        city = str(rng.choice(REGIONS[line.country], p=region_weights(line)))
        is_russian = line.country == "Россия"
        head = rows[holding_of[index] - 1] if 0 < holding_of[index] <= index else None
        bare = make_company_name(rng, line.country)
        if head is not None:
            bare = f"{head['bare_name']} {city}" if rng.random() < 0.7 else bare
        inn = make_inn(city, 100_000 + index * 7) if is_russian else ""
        is_branch = head is not None and is_russian and rng.random() < 0.3
        if is_branch and head is not None:
            inn = str(head["inn"])
        form = ("ООО", "АО", "ООО", "ПАО")[rng.choice(4, p=(0.6, 0.12, 0.25, 0.03))]
        legal = f"{form} «{bare}»" if is_russian else f"{bare} {'Inc.' if index % 2 else 'LLC'}"
        shares_domain = head is not None and rng.random() < 0.5
        domain = str(head["domain"]) if shares_domain and head else make_domain(bare, domains, rng)
        rows.append(
            {
                "company_id": index + 1,
                "holding_id": int(holding_of[index]),
                "crm": line.crm,
                "legal_name": legal,
                "bare_name": bare,
                "inn": inn,
                "kpp": make_kpp(inn, is_branch) if inn else "",
                "domain": domain,
                "phone": make_phone(PHONE_CODES[city], is_russian, 1_000_000 + index),
                "country": line.country,
                "city": city,
                "wealth": float(wealth[index]),
            }
        )
    return pa.Table.from_pylist(rows, schema=COMPANY)


def make_holdings(size: Size, lines: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Holding of each company: the id of its head company, 0 for most."""
    holding = np.zeros(size.companies, np.int64)
    for line in range(len(LINES)):
        order = rng.permutation(np.flatnonzero(lines == line))
        at, wanted = 0, int(len(order) * size.holding_share)
        while at < wanted:
            members = np.sort(order[at : at + int(rng.integers(2, 6))])
            holding[members] = members[0] + 1 if len(members) > 1 else 0
            at += len(members)
    return holding


def make_domain(bare: str, taken: set[str], rng: np.random.Generator) -> str:
    """A domain nobody has yet; empty for the fifth of companies that live on free mail."""
    if rng.random() < 0.2:
        return ""
    stem = transliterate(bare).replace(" ", "-")
    domain, number = f"{stem}.example", 1
    while domain in taken:
        number += 1
        domain = f"{stem}{number}.example"
    taken.add(domain)
    return domain


def make_phone(code: str, is_russian: bool, number: int) -> str:
    """E.164; ``number`` below ten million makes it unique within the code."""
    return f"+{7 if is_russian else 1}{code}{number % 10_000_000:07d}"


def make_people(seed: int, size: Size, companies: pa.Table) -> pa.Table:
    """People of the companies, private people and brokers."""
    rng = make_rng(seed, "people")
    count = size.people
    shares = (1 - size.private_share - size.broker_share, size.private_share, size.broker_share)
    kind = rng.choice(3, count, p=shares)
    weight = np.sqrt(companies["wealth"].to_numpy())
    company = rng.choice(len(weight), count, p=weight / weight.sum())
    line_of_private = rng.choice(len(LINES), count, p=[line.share for line in LINES])
    other = rng.integers(0, size.companies, count)
    has_other = (rng.random(count) < size.second_company_share) & (kind == 0)
    has_shared = (rng.random(count) < size.shared_phone_share) & (kind == 0)
    family = np.arange(count)
    is_relative = rng.random(count) < size.family_device_share
    interest = rng.lognormal(-0.5, 1.0, count) * np.where(kind == 2, 8.0, 1.0)
    employers = companies.to_pylist()
    rows: list[dict[str, object]] = []
    last_of_city: dict[str, int] = {}
    for index in range(count):
        employer = employers[company[index]]
        line = LINES[line_of_private[index]]
        country, city, crm = employer["country"], employer["city"], employer["crm"]
        if kind[index] == 1:
            country, crm = line.country, line.crm
            city = str(REGIONS[country][index % len(REGIONS[country])])
        if is_relative[index]:
            family[index] = last_of_city.get(f"{crm} {city}", index)
        last_of_city[f"{crm} {city}"] = index
        first, last = make_person_name(rng, country)
        is_russian = country == "Россия"
        code = str(900 + index % 90) if is_russian else PHONE_CODES[city]
        second = other[index] if has_other[index] else -1
        if second >= 0 and (employers[second]["crm"] != crm or second == company[index]):
            second = -1
        rows.append(
            {
                "person_id": index + 1,
                "company_id": 0 if kind[index] == 1 else int(company[index]) + 1,
                "other_company_id": int(second) + 1,
                "kind": ("buyer", "private", "broker")[kind[index]],
                "crm": crm,
                "first_name": first,
                "last_name": last,
                "mobile": make_phone(code, is_russian, 2_000_000 + index * 13),
                "has_shared_phone": bool(has_shared[index]),
                "email": make_email(first, last, index, kind[index] == 0, employer, country, rng),
                "country": country,
                "city": city,
                "family_id": int(family[index]) + 1,
                "interest": float(interest[index]),
            }
        )
    return pa.Table.from_pylist(rows, schema=PERSON)


def make_email(
    first: str,
    last: str,
    index: int,
    is_buyer: bool,
    employer: dict[str, str],
    country: str,
    rng: np.random.Generator,
) -> str:
    """An address of one's own: at the company's domain, else at a free mailer."""
    stem = f"{transliterate(first)[0]}.{transliterate(last)}"
    if is_buyer and employer["domain"] and rng.random() < 0.75:
        return (
            f"{stem}{index % 97}@{employer['domain']}"
            if index % 3
            else (f"{stem}.{index}@{employer['domain']}")
        )
    mailers = FREE_MAIL[country]
    return f"{stem}{index}@{mailers[index % len(mailers)]}"


def mistype_email(email: str, rng: np.random.Generator) -> str:
    """The address with two letters swapped before the ``@``."""
    name, at, domain = email.partition("@")
    return f"{swap_letters(name, rng)}{at}{domain}"
