"""Geo target constants: the countries and cities the company sells to."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from include.sandbox.world.business_lines import REGIONS

COUNTRIES = {"Россия": (2643, "Russia", "RU"), "United States": (2840, "United States", "US")}
FIRST_CITY, CITIES_OF_COUNTRY = 1_000_000, 1_000
UNKNOWN_PLACES = 9_000_000


@dataclass(frozen=True)
class Place:
    """One geo target constant; ``region_id`` is that of the state or province around a city."""

    id: int
    name: str
    canonical_name: str
    country_code: str
    country_id: int
    target_type: str


def _make_places() -> dict[str, Place]:
    places: dict[str, Place] = {}
    for country, cities in REGIONS.items():
        number, name, code = COUNTRIES[country]
        places[country] = Place(number, name, name, code, number, "Country")
        for index, city in enumerate(cities):
            city_id = FIRST_CITY + number * CITIES_OF_COUNTRY + index
            canonical = f"{city},{name}"
            places[city] = Place(city_id, city, canonical, code, number, "City")
    return places


PLACES: Mapping[str, Place] = _make_places()
"""The name a world uses → the constant."""


def find_place(name: str, country: str = "United States") -> Place:
    """The constant of a region of the world; one made up for a region nobody listed."""
    known = PLACES.get(name)
    if known is not None:
        return known
    number, country_name, code = COUNTRIES[country]
    made_up = UNKNOWN_PLACES + zlib.crc32(name.encode()) % UNKNOWN_PLACES
    return Place(made_up, name, f"{name},{country_name}", code, number, "City")


def place_name(number: int) -> str:
    """The resource name of a constant."""
    return f"geoTargetConstants/{number}"
