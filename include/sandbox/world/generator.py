"""Makes a whole world: people and what they do, then what ads, sellers and money make of it."""

from __future__ import annotations

from include.sandbox.world.ad_stats import make_ad_stats
from include.sandbox.world.advertising import make_ad_catalogue
from include.sandbox.world.calls import make_calls
from include.sandbox.world.channels import make_spend
from include.sandbox.world.choices import choose
from include.sandbox.world.contacts import make_contacts
from include.sandbox.world.crm import make_crm
from include.sandbox.world.enquiries import find_visits, make_enquiries
from include.sandbox.world.finance import make_finance
from include.sandbox.world.forms import make_chats, make_forms, make_mailings, reach_goals
from include.sandbox.world.goods import make_goods
from include.sandbox.world.identifiers import make_identifiers
from include.sandbox.world.journeys import count_needs, draw_needs, draw_touches
from include.sandbox.world.population import make_population
from include.sandbox.world.sizes import find_size, make_rng
from include.sandbox.world.tables import TABLES
from include.sandbox.world.truth import Story, Truth, finish_truth
from include.sandbox.world.visits import make_web
from include.sandbox.world.world import World


def make_world(seed: int, size_name: str) -> tuple[World, Truth]:
    """The world of that seed and size and its truth, always the same; ``UnknownSize``."""
    size = find_size(size_name)
    population = make_population(seed, size)
    spend = make_spend(seed, size)
    needs = draw_needs(make_rng(seed, "needs"), size, population, count_needs(size))
    touches = draw_touches(make_rng(seed, "touches"), size, needs, spend)
    choices = choose(needs, touches)
    catalogue = make_ad_catalogue(seed, size)
    web = make_web(seed, size, population, needs, touches, choices, catalogue)
    contacts = make_contacts(seed, size, population, needs, touches, choices)
    visit_of = find_visits(contacts, web)
    calls = make_calls(seed, size, population, needs, touches, contacts, visit_of)
    forms = make_forms(seed, size, contacts, visit_of)
    chats = make_chats(seed, contacts, visit_of)
    visits = reach_goals(seed, web.visits, contacts, visit_of)
    enquiries = make_enquiries(
        seed,
        contacts,
        web,
        visit_of,
        calls.call_of_contact,
        forms.id_of_contact,
        chats.id_of_contact,
    )
    tables = dict(catalogue.tables) | {
        "visit": visits,
        "call": calls.table,
        "form_request": forms.table,
        "chat": chats.table,
        "email_campaign": make_mailings(seed, size, needs, touches, spend),
    }
    identifiers = make_identifiers(population, web, visits, calls, forms, chats, contacts)
    crm = make_crm(seed, size, population, enquiries)
    tables |= crm.tables
    tables |= make_ad_stats(seed, size, catalogue, spend, visits)
    tables |= make_finance(seed, size, spend, catalogue)
    tables |= make_goods(seed, size, tables)
    story = Story(size, population, needs, touches, choices, spend, web, calls, contacts)
    truth = finish_truth(story, identifiers, enquiries, crm, tables["ad_stats"])
    shown = {name: tables[name].cast(schema) for name, schema in TABLES.items()}
    return World(seed, size.name, size.starts_on, size.ends_on, shown), truth
