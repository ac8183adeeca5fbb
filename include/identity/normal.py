"""One spelling for each value of a record: what is left is ASCII in lower case, or empty.

Empty means unknown: placeholders are unknown too, since everyone shares them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from include.identity.phones import read_phone
from include.identity.short_names import FULL_NAMES


def _listed(words: str) -> list[str]:
    return words.split()


_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґў",
        _listed(
            "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh sch - y - e yu ya i i e g u"
        ),
        strict=True,
    )
)
_TO_LATIN = str.maketrans({key: value.strip("-") for key, value in _CYRILLIC.items()})
_LOOK_ALIKE = str.maketrans("авекмнорстухіѕј", "abekmhopctyxisj")
_LOOK_ALIKE_BACK = str.maketrans("abekmhopctyx", "авекмнорстух")
_WORD = re.compile(r"[^\W_]+")
_NOTHING = frozenset(
    _listed(
        "na none null nil unknown test testtest tbd xxx no net nan neizvestno neizvesten undefined"
        " neukazano neukazan neukazana netdannykh bezimeni beznazvaniya otsutstvuet pusto noname"
        " anonymous nobody klient fizlitso chastnoelitso novyykontakt novyyklient 12345"
    )
)
_LEGAL = frozenset(
    _listed(
        "inc incorporated llc llp ltd limited corp corporation co company plc gmbh ag sa srl bv"
        " nv oy ab spa pty lp kg sarl ooo oao zao pao ao ip nko ano too fgup mup gup tov chp"
    )
)
_LEGAL_PHRASES = re.compile(
    r"\b(?:obschestvo s ogranichennoy otvetstvennostyu|(?:zakrytoe |otkrytoe |publichnoe )?"
    r"aktsionernoe obschestvo|individualnyy predprinimatel)\b"
)
_SHORT = {
    "avenue": "ave", "av": "ave", "aven": "ave", "street": "st", "str": "st", "road": "rd",
    "boulevard": "blvd", "blv": "blvd", "drive": "dr", "lane": "ln", "place": "pl", "court": "ct",
    "circuit": "cct", "crescent": "cres", "close": "cl", "highway": "hwy", "parkway": "pkwy",
    "square": "sq", "terrace": "tce", "north": "n", "south": "s", "east": "e", "west": "w",
    "northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw", "apartment": "apt",
    "suite": "ste", "floor": "fl", "building": "bldg", "first": "1", "second": "2", "third": "3",
    "fourth": "4", "fifth": "5", "sixth": "6", "seventh": "7", "eighth": "8", "ninth": "9",
    "tenth": "10", "between": "bet", "ulitsa": "ul", "prospekt": "pr", "prosp": "pr",
    "pereulok": "per", "dom": "d", "korpus": "k", "korp": "k", "stroenie": "str", "kvartira": "kv",
    "ofis": "of", "shosse": "sh", "naberezhnaya": "nab", "bulvar": "blvd", "gorod": "g",
    "saint": "st", "center": "ctr", "centre": "ctr",
}  # fmt: skip
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")
_LONGEST = 400
"""Characters of a value that are read: texts are compared letter by letter."""
LONGEST_NAME = 5
"""Words: what is longer is a title or a text."""
_COUNTED = "0123456789012345"
"""Digits in a row, as typed to get past a form."""
_NO_BIRTHDAYS = frozenset({"19000101", "00010101", "19700101"})
"""What programs put where no date was given."""
_DATE = re.compile(r"^(\d{1,4})\D+(\d{1,2})\D+(\d{1,4})")


def normalise(kind: str, value: str, region: str) -> str:
    """The value in the one spelling of its kind; ``region`` is where phones without a code are."""
    if not value or not value.strip():
        return ""
    return _cached(kind, value, region)


@cache
def _cached(kind: str, value: str, region: str) -> str:
    if kind == "phone":
        return normal_phone(value, region)
    plain = _OF_KIND.get(kind, fold)(value[:_LONGEST])
    return (
        ""
        if plain.replace(" ", "") in _NOTHING or (len(plain) > 3 and len(set(plain)) == 1)
        else plain
    )


def fold(value: str) -> str:
    """ASCII words in lower case: look-alikes mended, Cyrillic transliterated, accents dropped."""
    text = unicodedata.normalize("NFKC", value).lower().replace("ё", "е")
    text = _WORD.sub(lambda word: _one_script(word.group()), text.replace("'", "").replace("’", ""))
    text = unicodedata.normalize("NFKD", text.translate(_TO_LATIN))
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", text))


def _one_script(word: str) -> str:
    """A word of two scripts is written in the one that has more of its letters."""
    cyrillic = sum("а" <= letter <= "я" or letter in "іїєѕј" for letter in word)
    latin = sum("a" <= letter <= "z" for letter in word)
    if not cyrillic or not latin:
        return word
    return word.translate(_LOOK_ALIKE_BACK if cyrillic > latin else _LOOK_ALIKE)


_FULL_NAMES = {fold(short): fold(full) for short, full in FULL_NAMES.items()}


def normal_given_name(value: str) -> str:
    """The name with short forms told in full."""
    return " ".join(_FULL_NAMES.get(word, word) for word in fold(value).split())


def normal_company(value: str) -> str:
    """The name without its legal form, ``and`` for ``&``."""
    plain = _LEGAL_PHRASES.sub(" ", fold(value.replace("&", " and ")))
    words = [_SHORT.get(word, word) for word in plain.split() if word not in {"the", "and"}]
    kept = [word for word in words if word not in _LEGAL]
    return " ".join(kept or words)


def normal_name(value: str) -> str:
    """A full name in one order of words, short forms told in full; a longer title as it is."""
    words = normal_company(value).split()
    if len(words) > LONGEST_NAME:
        return " ".join(words)
    return " ".join(sorted(_FULL_NAMES.get(word, word) for word in words))


def normal_address(value: str) -> str:
    """The address with its usual words abbreviated and ordinals as numbers."""
    plain = _ORDINAL.sub(r"\1", fold(value))
    return " ".join(_SHORT.get(word, word) for word in plain.split())


_BETWEEN_PHONES = re.compile(r"[;,]|(?:ext|доб|вн|(?<![a-z])x)[a-zа-я]*\.?\s*\d+")
"""What ends a phone: another one, or an extension with its number."""


def normal_phone(value: str, region: str) -> str:
    """Digits of E.164 without the plus; digits alone where the number is not of the region."""
    numbers = _BETWEEN_PHONES.split(value.lower().removesuffix(".0"))
    head = next((one for one in numbers if any(map(str.isdigit, one))), "")
    digits = re.sub(r"\D", "", head)
    if len(digits) < 6 or len(set(digits[-7:])) == 1 or digits[-9:] in _COUNTED:
        return ""
    # A number without its area code is possible too, only locally.
    return read_phone(head, region)[0] or digits


def normal_email(value: str) -> str:
    """Lower case without a tag; empty when it is no address."""
    text = unicodedata.normalize("NFKC", value).strip().lower().removeprefix("mailto:")
    local, at, domain = text.partition("@")
    is_made_up = local in {"test", "noemail", "none", "no"} or domain.split(".")[0] == local
    if not at or not local or not domain or is_made_up:
        return ""
    return f"{_one_script(local).partition('+')[0]}@{_one_script(domain)}"


def normal_date(value: str) -> str:
    """``yyyymmdd``; what is no date keeps its digits, and what stands for no date has none."""
    digits = _date_digits(value)
    return "" if digits in _NO_BIRTHDAYS or len(digits) < 4 else digits


def _date_digits(value: str) -> str:
    found = _DATE.match(value.strip())
    if found:
        first, middle, last = found.groups()
        if len(first) == 4:
            return f"{first}{middle:0>2}{last[:2]:0>2}"
        if len(last) == 4:
            return f"{last}{middle:0>2}{first:0>2}"
    return re.sub(r"\D", "", value)[:8]


def _normal_code(value: str) -> str:
    return fold(value).replace(" ", "").removesuffix(".0")


def _normal_number(value: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(re.sub(r"\.0$", "", value.strip())))


def _normal_tax_id(value: str) -> str:
    plain = _normal_number(value)
    is_number = any(letter.isdigit() for letter in plain)
    return plain if is_number and (len(plain) < 5 or plain not in _COUNTED) else ""


def _normal_domain(value: str) -> str:
    host = re.sub(r"^[a-z]+://", "", value.strip().lower()).partition("/")[0]
    return host.removeprefix("www.") if re.search(r"\w\.\w", host) else ""


_OF_KIND: dict[str, Callable[[str], str]] = {
    "company": normal_company,
    "name": normal_name,
    "given_name": normal_given_name,
    "address": normal_address,
    "email": normal_email,
    "birth_date": normal_date,
    "postcode": _normal_number,
    "tax_id": _normal_tax_id,
    "house_number": _normal_number,
    "state": _normal_code,
    "domain": _normal_domain,
}
