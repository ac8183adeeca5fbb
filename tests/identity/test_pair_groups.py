"""What one column, many doubles or a common employer say of who is who."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from include.sandbox.scoring.clusters import Measure
from tests.identity.record_lists import (
    Row,
    make_digits,
    make_households,
    make_word,
    match,
    measure,
)


def make_customer(choose: Random) -> Row:
    given, surname = make_word(choose, 2), make_word(choose, 3)
    return {
        "company": f"{make_word(choose, 3)} {make_word(choose, 3)}",
        "name": f"{given} {surname}",
        "email": f"{surname}.{given}{choose.randrange(100)}@{make_word(choose, 2)}.ru",
        "phone": make_digits(choose, "+79", 9),
        "tax_id": make_digits(choose, "", 10),
        "domain": f"{make_word(choose, 4)}.ru",
        "address": f"{choose.randrange(1, 99)} {make_word(choose, 3)} street",
    }


@pytest.mark.parametrize(("customers", "most"), [(600, 3), (60, 40), (8, 3)])
@pytest.mark.parametrize(
    "column", ["company", "name", "email", "phone", "tax_id", "domain", "address"]
)
def test_records_equal_in_the_only_column_are_one_however_many_there_are(
    tmp_path: Path, column: str, customers: int, most: int
) -> None:
    choose = Random(3)
    values = sorted({make_customer(choose)[column] for _ in range(customers)})
    owners = [n for n in range(1, len(values) + 1) for _ in range(choose.randint(1, most))]
    choose.shuffle(owners)
    found = measure(tmp_path, [{column: values[n - 1]} for n in owners], owners)
    assert found.recall == 1
    # Addresses that differ in the name of the street alone are nearly one.
    assert found.precision > (0.9 if column == "address" else 0.95)


def test_two_files_are_linked_by_the_only_column_they_share(tmp_path: Path) -> None:
    choose = Random(4)
    mailboxes = [make_customer(choose)["email"] for _ in range(300)]
    files = [[{"email": one} for one in part] for part in (mailboxes[:200], mailboxes[100:])]
    found = match(tmp_path, files)
    assert all(found[f"1:{place + 100}"] == found[f"2:{place}"] for place in range(100))
    assert len(set(found.values())) == 300


@pytest.mark.parametrize("columns", [("email", "phone"), ("company", "phone"), ("name", "email")])
def test_few_customers_of_many_records_each_are_found(
    tmp_path: Path, columns: tuple[str, ...]
) -> None:
    choose = Random(5)
    customers = [make_customer(choose) for _ in range(20)]
    owners = [choose.randint(1, 20) for _ in range(200)]
    rows = [{column: customers[n - 1][column] for column in columns} for n in owners]
    assert measure(tmp_path, rows, owners) == Measure(1, 1)


def test_texts_beside_a_company_do_not_tell_its_records_apart(tmp_path: Path) -> None:
    choose = Random(6)
    names = [make_customer(choose)["company"] for _ in range(40)]
    owners = [choose.randint(1, 40) for _ in range(2000)]
    rows = [
        {"company": names[n - 1], "text": " ".join(make_word(choose, 2) for _ in range(6))}
        for n in owners
    ]
    blank = [{"company": "", "text": make_word(choose, 9)} for _ in range(30)]
    found = measure(tmp_path, rows + blank, [*owners, *range(100, 130)])
    assert found.recall > 0.95
    assert found.precision == 1


def test_a_company_of_hundreds_of_contacts_is_one(tmp_path: Path) -> None:
    choose = Random(8)
    firms = [make_customer(choose) for _ in range(8)]
    owners = [choose.randint(1, 8) for _ in range(1200)]
    rows = []
    for owner in owners:
        firm = firms[owner - 1]
        phone = firm["phone"] if choose.random() < 0.4 else make_digits(choose, "+79", 9)
        domain = firm["domain"] if choose.random() < 0.7 else ""
        rows.append({"company": firm["company"], "phone": phone, "domain": domain})
    found = measure(tmp_path, rows, owners)
    assert found.precision == 1
    assert found.recall > 0.9


def make_people(choose: Random, firms: int, most: int) -> tuple[list[Row], list[int]]:
    """Contacts as a CRM exports them: a fifth has the switchboard's number for their own."""
    rows: list[Row] = []
    owners: list[int] = []
    given = [make_word(choose, 2) for _ in range(40)]
    surnames = [make_word(choose, 3) for _ in range(300)]
    cities = [make_word(choose, 3) for _ in range(8)]
    person = 0
    for _ in range(firms):
        firm = {
            "company": f"{make_word(choose, 3)} {make_word(choose, 2)}",
            "city": choose.choice(cities),
        }
        domain, board = f"{make_word(choose, 3)}.ru", make_digits(choose, "+7495", 7)
        for _ in range(choose.randint(1, most)):
            person += 1
            name = {"given_name": choose.choice(given), "surname": choose.choice(surnames)}
            mailbox = f"{name['given_name'][0]}.{name['surname']}@{domain}"
            own = make_digits(choose, "+79", 9)
            for _ in range(choose.randint(1, 3)):
                phone = choose.choices((board, own, ""), (2, 5, 3))[0]
                reached = {"phone": phone, "email": choose.choice((mailbox, ""))}
                rows.append(firm | name | reached)
                owners.append(person)
    return rows, owners


@pytest.mark.parametrize(("firms", "most"), [(60, 29), (100, 5), (20, 10)])
def test_colleagues_are_told_apart(tmp_path: Path, firms: int, most: int) -> None:
    rows, owners = make_people(Random(7), firms, most)
    found = measure(tmp_path, rows, owners)
    assert found.precision > 0.94
    assert found.recall > 0.99


@pytest.mark.parametrize(("homes", "most"), [(60, 5), (600, 5), (600, 1)])
def test_people_of_one_household_are_told_apart(tmp_path: Path, homes: int, most: int) -> None:
    rows, owners = make_households(Random(9), homes, most)
    found = measure(tmp_path, rows, owners)
    assert found.precision > 0.95
    assert found.recall > 0.99


def test_one_mailbox_or_phone_is_enough_where_the_other_is_unknown(tmp_path: Path) -> None:
    choose = Random(10)
    rows, owners = [], []
    for person in range(1, 1001):
        customer = make_customer(choose)
        for _ in range(choose.randint(1, 3)):
            told = choose.choice(("phone", "email"))
            rows.append(
                {kind: customer[kind] if kind == told else "" for kind in ("phone", "email")}
            )
            owners.append(person)
    found = match(tmp_path, [rows])
    told_alike: dict[tuple[str, ...], set[str]] = {}
    for place, row in enumerate(rows):
        told_alike.setdefault(tuple(row.values()), set()).add(found[f"1:{place}"])
    assert all(len(clusters) == 1 for clusters in told_alike.values())
    assert len(set(found.values())) == len(told_alike)
