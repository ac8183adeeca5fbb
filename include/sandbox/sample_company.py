"""A small B2B seller of pumps and valves as its CRM would tell it: leads, deals, offline costs.

Everything is a function of seed, day and length. The people are invented; their phones lie in one
made-up block and their addresses under example domains. Untidy on purpose: one person writes
the same phone in many ways, some rows have no lead, two deals close before their lead exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from include.sandbox.vendors.yandex_direct.generated_book import GeneratedBook

LEADS_A_DAY = 13.5
DEALS_A_LEAD = 0.15
DIRECT_LOGIN = "demo-client"
SITE = "https://promo.example.ru"
EARLY_DEALS = ("D-0011", "D-0029")
"""Deals that were won before their lead was written down."""

# Channel → its share of leads, and how much likelier than usual its leads become deals.
_CHANNELS = {
    "yandex": (0.38, 1.0),
    "organic": (0.18, 1.1),
    "direct": (0.13, 1.2),
    "email": (0.09, 0.8),
    "referral": (0.08, 2.0),
    "exhibition": (0.07, 1.4),
    "vk": (0.04, 0.5),
    "silent": (0.03, 1.0),
}
_FIRST_NAMES = ("Иван", "Мария", "Пётр", "Анна", "Олег", "Елена", "Артём", "Ольга", "Глеб", "Юлия")
_LAST_NAMES = ("Соколов", "Кузнец", "Лебедь", "Мороз", "Ткач", "Гончар", "Щука", "Ёлкин", "Заяц")
_FIRMS = ("Гидромаш", "Теплосеть", "Арматура-М", "Водоканал", "ЭнергоСтрой", "Насосник", "ТоргЛес")
_FORMS = ("ООО", "АО", "ИП", "ПАО")
_CITIES = ("Москва", "Санкт-Петербург", "Казань", "Пермь", "Омск", "Тула", "")
_TERMS = ("насос промышленный купить", "задвижка 30с41нж цена", "теплообменник", "")
_OPEN_STAGES = ("В работе", "КП отправлено", "Переговоры")


@dataclass(frozen=True)
class Person:
    """One contact: ``phone`` is ten digits, without the country code."""

    name: str
    company: str
    customer_id: str
    phone: str
    email: str


@dataclass(frozen=True)
class Lead:
    """One request, as typed into the CRM; texts may be empty."""

    lead_id: str
    created_at: datetime
    channel: str
    source_label: str
    landing_page: str
    utm: tuple[str, str, str, str, str]
    click_id: str
    person: Person
    phone: str
    email: str
    city: str
    budget: str


@dataclass(frozen=True)
class Deal:
    """One deal; times are local, ``amount`` in rubles with VAT."""

    deal_id: str
    lead_id: str
    customer_id: str
    stage: str
    created_at: datetime
    closed_at: datetime | None
    amount: float | None
    phone: str
    email: str


@dataclass(frozen=True)
class OfflineCost:
    """What an offline activity cost on one day, in rubles with VAT."""

    day: date
    channel: str
    activity: str
    amount: int
    contacts: int


@dataclass(frozen=True)
class SampleCompany:
    """All records, oldest first."""

    leads: Sequence[Lead]
    deals: Sequence[Deal]
    costs: Sequence[OfflineCost]


def invent_company(seed: int, today: date, days: int) -> SampleCompany:
    """The company's records of the ``days`` days before ``today`` (about 600 leads in 45)."""
    dice = Random(f"{seed}/{today}/{days}")
    leads = list(_invent_leads(dice, today, days))
    deals = list(_invent_deals(dice, leads, today))
    return SampleCompany(leads, deals, list(_invent_costs(dice, today, days)))


def _invent_person(dice: Random, number: int, people: Sequence[Person]) -> Person:
    last, first = dice.choice(_LAST_NAMES), dice.choice(_FIRST_NAMES)
    company = f'{dice.choice(_FORMS)} "{dice.choice(_FIRMS)} {number % 90 + 10}"'
    phone = f"900{number * 7919 % 10_000_000:07d}"
    if people and dice.random() < 0.03:
        # A colleague behind the same switchboard: the phone joins a company, not a person.
        phone, company = people[-1].phone, people[-1].company
    email = f"{_latin(last)}.{number}@firm{number % 90 + 10}.example.ru"
    return Person(f"{last} {first}", company, f"C{number % 90 + 10:04d}", phone, email)


def _latin(text: str) -> str:
    table = str.maketrans(
        dict(zip("абвгдеёзийклмнопрстуфхцчщыья", "abvgdeezijklmnoprstufhccsyxa", strict=True))
    )
    return text.lower().translate(table)


def _invent_leads(dice: Random, today: date, days: int) -> Iterator[Lead]:
    people: list[Person] = []
    ads = _advertised(dice)
    number = 0
    for day in (today - timedelta(days=back) for back in range(days, 0, -1)):
        is_weekend = day.weekday() >= 5
        mean = LEADS_A_DAY * (0.35 if is_weekend else 1.26)
        hours = sorted(dice.uniform(7.5, 21.5) for _ in range(round(dice.gauss(mean, mean**0.5))))
        for hour in hours:
            number += 1
            if people and dice.random() < 0.22:
                person = dice.choice(people)
            else:
                person = _invent_person(dice, len(people) + 1, people)
                people.append(person)
            created_at = datetime.combine(day, time()) + timedelta(seconds=int(hour * 3600))
            yield _invent_lead(dice, f"L-{number:05d}", created_at, person, ads)


def _advertised(dice: Random) -> list[tuple[str, str]]:
    """Campaign and ad ids of the Direct stand-in, so that its costs meet their leads."""
    book = GeneratedBook(0)
    live = {c.id for c in book.campaigns(DIRECT_LOGIN) if c.end_date is None}
    ads = [(str(ad.campaign_id), str(ad.id)) for ad in book.ads(DIRECT_LOGIN)]
    found = [ad for ad in ads if int(ad[0]) in live]
    dice.shuffle(found)
    return found


def _invent_lead(
    dice: Random, lead_id: str, created_at: datetime, person: Person, ads: list[tuple[str, str]]
) -> Lead:
    shares = [share for share, _ in _CHANNELS.values()]
    (channel,) = dice.choices(list(_CHANNELS), shares)
    lead = Lead(
        lead_id=lead_id,
        created_at=created_at,
        channel=channel,
        source_label="",
        landing_page=f"{SITE}/catalog/{dice.randrange(10)}",
        utm=("", "", "", "", ""),
        click_id="",
        person=person,
        phone=_spell_phone(dice, person.phone),
        email=_spell_email(dice, person.email),
        city=dice.choice(_CITIES),
        budget=_spell_money(dice.randrange(40, 3000) * 1000) if dice.random() < 0.3 else "",
    )
    return _tell_origin(dice, lead, ads)


def _tell_origin(dice: Random, lead: Lead, ads: list[tuple[str, str]]) -> Lead:
    if lead.channel == "yandex":
        campaign_id, ad_id = dice.choice(ads)
        return replace(
            lead,
            source_label="Яндекс Директ",
            utm=("yandex", "cpc", campaign_id, ad_id, dice.choice(_TERMS)),
            click_id=str(dice.randrange(10**18, 10**19)) if dice.random() < 0.9 else "",
        )
    if lead.channel == "email":
        utm = ("unisender", "email", f"digest_{lead.created_at:%Y_%m}", "", "")
        return replace(lead, source_label="Рассылка", utm=utm)
    if lead.channel == "vk":
        return replace(lead, source_label="VK Реклама", utm=("vk", "cpc", "retarget", "", ""))
    if lead.channel == "exhibition":
        return replace(lead, source_label="Выставка", landing_page="")
    labels = {"organic": "Органика", "direct": "Прямой заход", "referral": "Рекомендация"}
    label = labels.get(lead.channel) or dice.choice(("", "Не указано"))
    return replace(lead, source_label=label)


def _spell_phone(dice: Random, digits: str) -> str:
    if dice.random() < 0.08:
        return dice.choice(("", "", "нет", "0000000"))
    code, a, b, c = digits[:3], digits[3:6], digits[6:8], digits[8:]
    return dice.choice(
        (
            f"+7 ({code}) {a}-{b}-{c}",
            f"8 {code} {a} {b} {c}",
            f"8{digits}",
            f"+7{digits}",
            f"7-{code}-{a}-{b}{c}",
            f"({code}) {a}-{b}-{c}",
        )
    )


def _spell_email(dice: Random, email: str) -> str:
    luck = dice.random()
    if luck < 0.15:
        return ""
    if luck < 0.3:
        return email.upper()
    if luck < 0.4:
        return email.capitalize() + " "
    if luck < 0.43:
        # A slip of the finger: the address is no longer one.
        return email.replace("@", "")
    return email


def _spell_money(rubles: int) -> str:
    return f"{rubles:,}".replace(",", "\u00a0") + ",00"


def _invent_deals(dice: Random, leads: Sequence[Lead], today: date) -> Iterator[Deal]:
    number = 0
    for lead in leads:
        if dice.random() >= DEALS_A_LEAD * _CHANNELS[lead.channel][1] * 0.9:
            continue
        number += 1
        opened_at = lead.created_at + timedelta(hours=dice.uniform(0.2, 30))
        yield _invent_deal(dice, f"D-{number:04d}", lead, opened_at, today)


def _invent_deal(dice: Random, deal_id: str, lead: Lead, opened_at: datetime, today: date) -> Deal:
    closed_at: datetime | None = opened_at + timedelta(days=dice.lognormvariate(2.0, 0.7))
    stage = dice.choice(("Успешно реализована", "Закрыто и не реализовано"))
    if deal_id in EARLY_DEALS:
        # Entered into the CRM after the fact: won before the request was written down.
        opened_at = lead.created_at - timedelta(days=4)
        closed_at = lead.created_at - timedelta(days=2)
        stage = "Успешно реализована"
    if closed_at is None or closed_at.date() >= today:
        closed_at, stage = None, dice.choice(_OPEN_STAGES)
    amount = round(dice.lognormvariate(12.3, 0.9), 2) if dice.random() < 0.95 else None
    if stage == "Успешно реализована" and amount is None:
        amount = 118_000.0
    has_lead = dice.random() >= 0.08 or deal_id in EARLY_DEALS
    return Deal(
        deal_id=deal_id,
        lead_id=lead.lead_id if has_lead else "",
        customer_id=lead.person.customer_id,
        stage=stage,
        created_at=opened_at.replace(microsecond=0),
        closed_at=closed_at.replace(microsecond=0) if closed_at else None,
        amount=amount,
        phone=_spell_phone(dice, lead.person.phone),
        email=_spell_email(dice, lead.person.email),
    )


def _invent_costs(dice: Random, today: date, days: int) -> Iterator[OfflineCost]:
    first = today - timedelta(days=days)
    fair = first + timedelta(days=days // 3)
    for back in range(days):
        day = first + timedelta(days=back)
        if day.weekday() == 0:
            sent = dice.randrange(1500, 2500)
            yield OfflineCost(day, "Рассылка", "Дайджест недели", dice.randrange(9, 14) * 500, sent)
        if fair <= day < fair + timedelta(days=3):
            guests = dice.randrange(40, 90)
            yield OfflineCost(day, "Выставка", "Стенд «Насосы и арматура»", 145_000, guests)
