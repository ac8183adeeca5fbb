"""Fields of browser and screen that logs have and a world does not: the same for everybody."""

from __future__ import annotations

from collections.abc import Mapping

CONSTANT_FIELDS: Mapping[str, str] = {
    "browserLanguage": "ru",
    "browserCountry": "ru",
    "browserMajorVersion": "120",
    "browserMinorVersion": "0",
    "browserEngine": "Blink",
    **{f"browserEngineVersion{place}": "0" for place in range(1, 5)},
    "cookieEnabled": "1",
    "javascriptEnabled": "1",
    "mobilePhone": "",
    "mobilePhoneModel": "",
    "networkType": "",
    "regionCountryID": "0",
    "regionCityID": "0",
    "screenFormat": "16:9",
    "screenColors": "24",
    "screenOrientation": "2",
    "screenOrientationName": "landscape",
    "screenWidth": "1920",
    "screenHeight": "1080",
    "physicalScreenWidth": "1920",
    "physicalScreenHeight": "1080",
    "windowClientWidth": "1900",
    "windowClientHeight": "940",
}
"""Field without its prefix → the cell of every row, of visits and of hits."""
