"""Made-up names of people and companies, and the ways the same one is written differently."""

from __future__ import annotations

import numpy as np


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


FIRST_MALE = _split(
    "Александр Сергей Дмитрий Андрей Алексей Максим Евгений Иван Михаил Артём Николай Павел "
    "Владимир Олег Роман Денис Игорь Антон Виктор Юрий Константин Илья Тимур Руслан Глеб"
)
FIRST_FEMALE = _split(
    "Елена Ольга Наталья Анна Ирина Татьяна Мария Светлана Екатерина Юлия Марина Людмила Алина "
    "Дарья Оксана Виктория Галина Ксения Полина Вера Надежда Алёна Лариса Жанна София"
)
LAST_MALE = _split(
    "Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов "
    "Волков Алексеев Лебедев Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев "
    "Макаров Никитин Захаров Зайцев Соловьёв Борисов Яковлев Григорьев Романов Воробьёв Сергеев "
    "Кузьмин Фролов Александров Дмитриев Королёв Гусев Киселёв Ильин Максимов Поляков Сорокин "
    "Виноградов Ковалёв Белов Медведев Антонов Тарасов Жуков Баранов Филиппов Комаров Давыдов"
)
FIRST_WESTERN = _split(
    "James Mary Robert Patricia John Jennifer Michael Linda David Susan William Karen Richard "
    "Lisa Joseph Nancy Thomas Sandra Daniel Ashley Mark Emily Steven Laura Kevin Anna Brian Amy"
)
LAST_WESTERN = _split(
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Wilson Anderson Taylor Thomas Moore "
    "Jackson Martin Lee Thompson White Harris Clark Lewis Robinson Walker Young Allen King Scott"
)
NAME_ROOTS = _split(
    "Север Урал Волга Прогресс Вектор Альфа Гранит Монолит Энерго Строй Техно Пром Металл Транс "
    "Агро Крона Орион Полюс Стандарт Сфера Титан Форум Эталон Спектр Атлант Базис Вега Дельта"
)
NAME_ENDS = _split(
    "монтаж сервис комплект снаб инвест проект ресурс маш маркет групп сталь крепёж мост дом "
    "логистик торг лифт кабель завод"
)
WESTERN_ROOTS = _split(
    "North Blue Iron Summit Harbor Cedar Pioneer Granite Silver Prairie Delta Apex Union Liberty"
)
WESTERN_ENDS = _split("Fabrication Supply Builders Industries Works Systems Partners Steel")
LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        _split("a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh sch . y . e yu ya"),
        strict=True,
    )
) | {"ъ": "", "ь": ""}
FREE_MAIL = {
    "Россия": ("mail.example", "yandex.example", "bk.example"),
    "United States": ("gmail.example", "outlook.example", "yahoo.example"),
}
THROWAWAY_MAIL = ("tempmail.example", "10minutes.example", "trashbox.example")


def transliterate(text: str) -> str:
    """Cyrillic in Latin letters, as mail addresses and sloppy typists write it; lower case."""
    return "".join(LATIN.get(letter, letter) for letter in text.lower())


def make_person_name(rng: np.random.Generator, country: str) -> tuple[str, str]:
    """First and last name of one person of that country."""
    if country != "Россия":
        first = FIRST_WESTERN[rng.integers(len(FIRST_WESTERN))]
        return first, LAST_WESTERN[rng.integers(len(LAST_WESTERN))]
    last = LAST_MALE[rng.integers(len(LAST_MALE))]
    if rng.random() < 0.5:
        return FIRST_MALE[rng.integers(len(FIRST_MALE))], last
    return FIRST_FEMALE[rng.integers(len(FIRST_FEMALE))], f"{last}а"


def make_company_name(rng: np.random.Generator, country: str) -> str:
    """A company's bare name; several companies may share it, as in life."""
    if country != "Россия":
        root = WESTERN_ROOTS[rng.integers(len(WESTERN_ROOTS))]
        return f"{root} {WESTERN_ENDS[rng.integers(len(WESTERN_ENDS))]}"
    root = NAME_ROOTS[rng.integers(len(NAME_ROOTS))]
    return root + NAME_ENDS[rng.integers(len(NAME_ENDS))]


def respell_company(legal_name: str, bare_name: str, rng: np.random.Generator) -> str:
    """The name as a client or a seller types it: legal form moved, quotes lost, Latin, typo."""
    form = legal_name.split(" ")[0]
    if not bare_name or legal_name.startswith(bare_name):
        choices = (legal_name, bare_name, bare_name.upper(), swap_letters(bare_name, rng))
        return choices[rng.choice(4, p=(0.5, 0.3, 0.1, 0.1))]
    choices = (
        legal_name,
        f'{form} "{bare_name}"',
        bare_name,
        f"{bare_name.lower()} {form.lower()}",
        f"{form} {bare_name.upper()}",
        transliterate(bare_name).capitalize(),
        swap_letters(bare_name, rng),
    )
    return choices[rng.choice(7, p=(0.35, 0.2, 0.2, 0.08, 0.07, 0.05, 0.05))]


def swap_letters(text: str, rng: np.random.Generator) -> str:
    """A typo: two neighbours change places."""
    if len(text) < 4:
        return text
    at = int(rng.integers(1, len(text) - 2))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def retype_phone(phone: str, rng: np.random.Generator) -> str:
    """An E.164 number as people type it into a form."""
    if not phone.startswith("+7"):
        area, office, rest = phone[2:5], phone[5:8], phone[8:]
        forms = (phone, f"({area}) {office}-{rest}", f"{area}-{office}-{rest}", phone[2:])
        return forms[rng.integers(4)]
    code, three, two, last = phone[2:5], phone[5:8], phone[8:10], phone[10:]
    forms = (
        phone,
        f"8{phone[2:]}",
        f"+7 ({code}) {three}-{two}-{last}",
        f"8 ({code}) {three}-{two}-{last}",
        phone[2:],
        f"8 {code} {three} {two} {last}",
    )
    return forms[rng.choice(6, p=(0.3, 0.2, 0.25, 0.15, 0.05, 0.05))]


def mistype_phone(phone: str, rng: np.random.Generator) -> str:
    """An E.164 number with one wrong digit near its end."""
    at = len(phone) - 1 - int(rng.integers(4))
    wrong = (int(phone[at]) + 1 + int(rng.integers(8))) % 10
    return f"{phone[:at]}{wrong}{phone[at + 1 :]}"
