"""Who may buy, and what they share."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from include.sandbox.world.names import mistype_phone, respell_company, retype_phone
from include.sandbox.world.population import Population, make_population
from include.sandbox.world.sizes import SIZES, UnknownSize, find_size


@pytest.fixture(scope="module")
def population() -> Population:
    return make_population(1, SIZES["demo"])


def test_a_size_nobody_knows_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownSize, match="small, demo"):
        find_size("huge")


def test_tax_numbers_have_valid_check_digits(population: Population) -> None:
    numbers = [number for number in population.companies["inn"].to_pylist() if number]
    assert numbers
    for number in numbers:
        digits = [int(digit) for digit in number]
        weighed = sum(
            weight * digit
            for weight, digit in zip([2, 4, 10, 3, 5, 9, 4, 6, 8], digits, strict=False)
        )
        assert len(digits) == 10
        assert digits[9] == weighed % 11 % 10


def test_only_branches_share_a_tax_number_and_their_kpp_tells_them_apart(
    population: Population,
) -> None:
    rows = [row for row in population.companies.to_pylist() if row["inn"]]
    shared = {inn for inn, count in Counter(row["inn"] for row in rows).items() if count > 1}
    assert shared
    for inn in shared:
        same = [row for row in rows if row["inn"] == inn]
        assert len({row["holding_id"] for row in same} - {0}) == 1
        assert sum(row["kpp"][4:6] == "01" for row in same) == 1


def test_holdings_are_of_one_business_line_and_named_after_their_head(
    population: Population,
) -> None:
    rows = population.companies.to_pylist()
    members = [row for row in rows if row["holding_id"]]
    assert 0.08 < len(members) / len(rows) < 0.16
    assert all(rows[row["holding_id"] - 1]["crm"] == row["crm"] for row in members)


def test_mobiles_and_addresses_are_ones_own_and_switchboards_are_shared(
    population: Population,
) -> None:
    people = population.people
    assert len(set(people["mobile"].to_pylist())) == len(people)
    assert len(set(people["email"].to_pylist())) == len(people)
    sharing = Counter(
        company
        for company, shares in zip(
            people["company_id"].to_pylist(), people["has_shared_phone"].to_pylist(), strict=True
        )
        if shares
    )
    assert max(sharing.values()) > 3


def test_there_are_brokers_private_people_and_people_of_two_companies(
    population: Population,
) -> None:
    kinds = Counter(population.people["kind"].to_pylist())
    assert kinds["broker"] > 100
    assert kinds["private"] > 2_000
    for row in population.people.to_pylist():
        assert (row["kind"] == "private") == (row["company_id"] == 0)
        assert row["other_company_id"] in (0,) or row["kind"] == "buyer"
    assert sum(row > 0 for row in population.people["other_company_id"].to_pylist()) > 300


def test_a_company_is_spelt_in_many_ways_that_keep_its_letters() -> None:
    rng = np.random.default_rng(1)
    spelt = {respell_company("ООО «Вектормаш»", "Вектормаш", rng) for _ in range(200)}
    assert {"ООО «Вектормаш»", 'ООО "Вектормаш"', "Вектормаш", "Vektormash"} <= spelt
    assert len(spelt) > 6


@pytest.mark.parametrize("phone", ["+74951234567", "+12125550101"])
def test_a_phone_retyped_keeps_its_last_ten_digits(phone: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        typed = retype_phone(phone, rng)
        assert "".join(filter(str.isdigit, typed))[-10:] == phone[-10:]


def test_a_mistyped_phone_is_another_of_the_same_length() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        wrong = mistype_phone("+74951234567", rng)
        assert wrong != "+74951234567"
        assert len(wrong) == 12
