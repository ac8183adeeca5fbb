"""Full names in one column: in any order, with initials or without, beside what else is told."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from include.identity.normal import normalise
from tests.identity.record_lists import (
    Row,
    make_digits,
    make_households,
    make_word,
    match,
    measure,
)

GIVEN = ("Иван", "Сергей", "Андрей", "Михаил", "Николай", "Владимир", "Пётр", "Фёдор", "Юрий")
PATRONYMICS = ("Иванович", "Петрович", "Михайлович", "Андреевич", "Юрьевич")
CYRILLIC = ("ка", "ро", "ми", "та", "вел", "дор", "сен", "лу", "гра", "пол", "нер", "ши", "бор")


def spell(choose: Random, given: str, patronymic: str, surname: str) -> str:
    """A full name as somebody types it."""
    return choose.choice(
        (
            f"{surname} {given} {patronymic}",
            f"{given} {surname}",
            f"{surname} {given}",
            f"{surname} {given[0]}.{patronymic[0]}.",
            f"{surname} {given}".lower(),
        )
    )


def make_contacts(
    choose: Random, people: int, columns: tuple[str, ...]
) -> tuple[list[Row], list[int]]:
    rows: list[Row] = []
    owners: list[int] = []
    surnames = [f"{make_word(choose, 3, CYRILLIC).title()}ов" for _ in range(people // 2)]
    for person in range(1, people + 1):
        name = [choose.choice(of) for of in (GIVEN, PATRONYMICS, surnames)]
        latin = [normalise("surname", word, "RU") for word in name]
        told = {
            "email": f"{latin[0][0]}.{latin[2]}@{make_word(choose, 4)}.ru",
            "phone": make_digits(choose, "+79", 9),
            "company": f"ООО «{make_word(choose, 4)}»",
        }
        for _ in range(choose.randint(1, 5)):
            known = {column: choose.choice((told[column],) * 3 + ("",)) for column in columns}
            rows.append({"name": spell(choose, *name)} | known)
            owners.append(person)
    return rows, owners


@pytest.mark.parametrize(
    ("columns", "precision", "recall"),
    [
        (("email",), 0.76, 0.95),
        (("phone", "email"), 0.9, 0.98),
        (("phone", "company"), 0.98, 0.98),
    ],
)
def test_contacts_whose_names_are_spelt_in_many_manners_are_found(
    tmp_path: Path, columns: tuple[str, ...], precision: float, recall: float
) -> None:
    rows, owners = make_contacts(Random(11), 150, columns)
    found = measure(tmp_path, rows, owners)
    assert found.precision > precision
    assert found.recall > recall


def join(folder: Path, one: Row, other: Row) -> bool:
    """Whether two records are one among contacts of others."""
    rows, _ = make_contacts(Random(12), 150, tuple(key for key in one if key != "name"))
    found = match(folder, [[one, other, *rows]])
    return found["1:0"] == found["1:1"]


@pytest.mark.parametrize(
    "other",
    [
        "Ростислав Заболоцкий",
        "заболоцкий ростислав",
        "Заболоцкий Ростислав Эдуардович",
        "Заболоцкий Р.Э.",
        "Заболоцкий Ротсислав",
        "ЗАБОЛОЦКИЙ  Ростислав",
        "Зaбoлoцкий Ростислав",
    ],
)
def test_one_number_and_a_name_in_another_manner_are_one(tmp_path: Path, other: str) -> None:
    assert join(
        tmp_path,
        {"name": "Заболоцкий Ростислав", "phone": "+79161112233"},
        {"name": other, "phone": "8 (916) 111-22-33"},
    )


@pytest.mark.parametrize(
    "other", ["Заболоцкий Игорь", "Заболоцкая Анна Юрьевна", "Заболоцкий И.П.", "Заболоцкий"]
)
def test_namesakes_are_apart_though_mailboxes_made_of_the_surname_are_alike(
    tmp_path: Path, other: str
) -> None:
    assert not join(
        tmp_path,
        {"name": "Заболоцкий Ростислав", "email": "r.zabolotskiy@rosstal.ru"},
        {"name": other, "email": "i.zabolotskiy@metallprof.ru"},
    )


def test_names_in_two_orders_are_as_frequent_as_one() -> None:
    assert normalise("name", "Пётр Волков", "RU") == normalise("name", "Волков Петр", "RU")
    title = "a study of the attribution of revenue to touches"
    assert normalise("name", title, "US") == "a study of attribution of revenue to touches"


def test_firms_are_found_by_name_where_addresses_are_seldom_told(tmp_path: Path) -> None:
    choose = Random(13)
    rows, owners = [], []
    for firm in range(1, 301):
        name = f"{make_word(choose, 2)} {make_word(choose, 3)}"
        street, house = make_word(choose, 3), choose.randrange(1, 150)
        for _ in range(choose.randint(1, 5)):
            company = choose.choice((f"ООО «{name}»", f"{name}, ООО", name.upper(), ""))
            address = choose.choice((f"ул. {street}, д. {house}", f"{street} ул., {house}", "", ""))
            rows.append({"company": company, "address": address})
            owners.append(firm)
    found = measure(tmp_path, rows, owners)
    assert found.precision > 0.95
    assert found.recall > 0.64


@pytest.mark.parametrize(
    ("homes", "most", "precision", "recall"), [(300, 5, 0.58, 0.63), (800, 1, 0.95, 0.95)]
)
def test_people_of_one_household_are_told_apart_by_full_names(
    tmp_path: Path, homes: int, most: int, precision: float, recall: float
) -> None:
    choose = Random(14)
    people, owners = make_households(choose, homes, most)
    rows = [
        {
            "name": " ".join(choose.sample((one["given_name"], one["surname"]), 2)),
            "address": choose.choice((one["address"], one["address"], "")),
            "phone": one["phone"],
        }
        for one in people
    ]
    found = measure(tmp_path, rows, owners)
    assert found.precision > precision
    assert found.recall > recall
