"""Countries, cities and devices as Metrica spells them."""

from __future__ import annotations

COUNTRIES = {"Россия": "RU", "Russia": "RU", "United States": "US", "Казахстан": "KZ"}
CITIES = {
    "Москва": "Moscow",
    "Санкт-Петербург": "Saint Petersburg",
    "Екатеринбург": "Yekaterinburg",
    "Казань": "Kazan",
    "Новосибирск": "Novosibirsk",
    "Краснодар": "Krasnodar",
}
DEVICES = {"desktop": "1", "mobile": "2", "tablet": "3", "tv": "4"}


def country_code(name: str) -> str:
    """The ISO code of a country; what is unknown stays as it is."""
    return COUNTRIES.get(name, name)


def city_name(name: str) -> str:
    """The English name of a city; what is unknown stays as it is."""
    return CITIES.get(name, name)


def device_category(name: str) -> str:
    """``1`` desktop, ``2`` mobile, ``3`` tablet, ``4`` TV."""
    return DEVICES.get(name, "1")
