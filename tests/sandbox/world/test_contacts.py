"""Who gets in touch, how often, and what they say of themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest

from include.sandbox.world.channels import make_spend
from include.sandbox.world.choices import choose
from include.sandbox.world.contacts import Contact, make_contacts
from include.sandbox.world.journeys import draw_needs, draw_touches
from include.sandbox.world.names import THROWAWAY_MAIL
from include.sandbox.world.population import Population, make_population
from include.sandbox.world.sizes import SIZES, make_rng
from include.sandbox.world.typed_names import type_about_oneself

SIZE = replace(SIZES["demo"], companies=400, people=2_000)


@pytest.fixture(scope="module")
def population() -> Population:
    return make_population(1, SIZE)


@pytest.fixture(scope="module")
def contacts(population: Population) -> list[Contact]:
    needs = draw_needs(make_rng(1, "needs"), SIZE, population, 9_000)
    touches = draw_touches(make_rng(1, "touches"), SIZE, needs, make_spend(1, SIZE))
    return make_contacts(1, SIZE, population, needs, touches, choose(needs, touches))


def share(chosen: int, contacts: list[Contact]) -> float:
    """Part of all contacts."""
    return chosen / len(contacts)


def test_contacts_are_in_order_of_time(contacts: list[Contact]) -> None:
    instants = [contact.instant for contact in contacts]
    assert instants == sorted(instants)


def test_tests_and_spam_are_nobodys_and_each_a_journey_of_its_own(
    contacts: list[Contact],
) -> None:
    noise = [contact for contact in contacts if contact.is_test or contact.is_spam]
    assert 0.03 < share(len(noise), contacts) < 0.07
    assert {contact.person_id for contact in noise} == {0}
    assert not any(contact.will_buy for contact in noise)
    assert len({contact.journey_id for contact in noise}) == len(noise)
    people = {contact.journey_id for contact in contacts if contact.person_id}
    assert not people & {contact.journey_id for contact in noise}


def test_some_calls_are_missed_and_repeated_or_called_back(contacts: list[Contact]) -> None:
    calls = [contact for contact in contacts if contact.kind == "call"]
    missed = sum(not contact.is_answered for contact in calls)
    assert 0.1 < missed / len(calls) < 0.25
    assert any(contact.is_callback for contact in contacts)
    for contact in contacts:
        if contact.is_callback:
            before = [c for c in contacts if c.journey_id == contact.journey_id]
            assert not before[0].is_answered
            assert before[0].instant < contact.instant


def test_all_contacts_of_a_journey_are_of_one_person_and_one_choice(
    contacts: list[Contact],
) -> None:
    by_journey = defaultdict(set)
    for contact in contacts:
        choice = (contact.person_id, contact.company_id, contact.will_buy, contact.value_micros)
        by_journey[contact.journey_id].add(choice)
    assert all(len(choices) == 1 for choices in by_journey.values())
    counts = Counter(contact.journey_id for contact in contacts)
    assert sum(count > 1 for count in counts.values()) > 0.15 * len(counts)


def test_a_switchboard_rings_for_several_people(contacts: list[Contact]) -> None:
    people = defaultdict(set)
    for contact in contacts:
        if contact.person_id:
            people[contact.typed.caller_phone].add(contact.person_id)
    assert sum(len(several) > 1 for several in people.values()) > 5


def test_a_broker_asks_for_several_companies_with_one_phone(
    contacts: list[Contact], population: Population
) -> None:
    kinds = population.people["kind"].to_pylist()
    companies = defaultdict(set)
    phones = defaultdict(set)
    for contact in contacts:
        if contact.person_id and kinds[contact.person_id - 1] == "broker":
            companies[contact.person_id].add(contact.company_id)
            phones[contact.person_id].add(contact.typed.caller_phone)
    busy = [person for person, several in companies.items() if len(several) > 2]
    assert busy
    assert all(len(phones[person]) == 1 for person in busy)


def test_exhibitions_and_avito_bring_contacts_without_a_site(contacts: list[Contact]) -> None:
    pools = Counter((contact.kind, contact.pool) for contact in contacts)
    assert pools["exhibition", "offline"] > 0
    assert pools["call", "avito"] > 0


def test_forms_hold_mistyped_phones_throw_away_addresses_and_capitals(
    population: Population,
) -> None:
    person = population.people.slice(0, 1).to_pylist()[0]
    company = population.companies.slice(0, 1).to_pylist()[0]
    rng = np.random.default_rng(1)
    typed = [type_about_oneself(rng, SIZE, "form", person, company) for _ in range(3_000)]
    wrong = sum(one.is_phone_wrong for one in typed) / len(typed)
    assert 0.02 < wrong < 0.04
    thrown = sum(one.email.partition("@")[2] in THROWAWAY_MAIL for one in typed)
    assert 0.01 < thrown / len(typed) < 0.06
    assert any(one.email[:1].isupper() for one in typed)
    assert any(one.is_email_wrong and one.email != person["email"] for one in typed)
    assert all(one.phone or one.email for one in typed)


def test_a_caller_is_heard_with_the_number_he_calls_from(population: Population) -> None:
    person = population.people.slice(0, 1).to_pylist()[0]
    rng = np.random.default_rng(1)
    typed = [type_about_oneself(rng, SIZE, "call", person, None) for _ in range(50)]
    assert {one.phone for one in typed} == {person["mobile"]}


def test_who_returns_to_the_site_asks_again_from_there(contacts: list[Contact]) -> None:
    touches = defaultdict(set)
    for contact in contacts:
        if contact.touch >= 0 and not contact.is_callback:
            touches[contact.journey_id].add(contact.touch)
    assert sum(len(several) > 1 for several in touches.values()) > 0.05 * len(touches)
