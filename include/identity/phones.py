"""Phones in E.164 by the library phonenumbers, each with what it says of the number.

Possible is what the library calls so: the country exists and the number has one of its lengths.
Whether a range is in use changes every month, and with it the copy of the library: it is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, ValidationResult

HOME_REGION = "RU"
"""Where phones without a country code are of, when their source does not say."""
POSSIBLE = "possible"
_OF_LENGTH = {
    ValidationResult.IS_POSSIBLE: POSSIBLE,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "local_only",
    ValidationResult.INVALID_COUNTRY_CODE: "invalid_country_code",
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.INVALID_LENGTH: "invalid_length",
    ValidationResult.TOO_LONG: "too_long",
}
_OF_PARSING = {
    NumberParseException.INVALID_COUNTRY_CODE: "invalid_country_code",
    NumberParseException.NOT_A_NUMBER: "not_a_number",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}


def read_phone(text: str, region: str) -> tuple[str | None, str]:
    """Digits of E.164 without the plus, or None, and the verdict; ``region`` is an ISO code.

    A plus before the prefix of calls within a country (``+8 916 …``) is a slip: no country has
    that code, and without the plus it is a number of the region.
    """
    region = region or HOME_REGION
    try:
        parsed = phonenumbers.parse(text, region)
    except NumberParseException as error:
        country = PhoneMetadata.metadata_for_region(region)
        at_home = country.national_prefix if country else None
        is_unknown = error.error_type == NumberParseException.INVALID_COUNTRY_CODE
        if is_unknown and at_home and text.startswith(f"+{at_home}"):
            return read_phone(text[1:], region)
        return None, _OF_PARSING[error.error_type]
    verdict = _OF_LENGTH[phonenumbers.is_possible_number_with_reason(parsed)]
    if verdict != POSSIBLE:
        return None, verdict
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164).lstrip("+"), verdict


def read_phones(
    typed: Iterable[tuple[str, str, str]],
) -> list[tuple[str, str, str, str | None, str]]:
    """``(region, as typed, cleaned)`` → the rows of ``stg.stg_phone_number``."""
    return [(region, raw, cleaned, *read_phone(cleaned, region)) for region, raw, cleaned in typed]
