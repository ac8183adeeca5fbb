"""Assertions of service accounts, as Google's token endpoint judges them.

The knob ``google.service_account_keys`` maps an account's e-mail to its public key in PEM: from
then on only assertions signed with that key, made out to this endpoint and current by the vendors'
clock are taken. An account without a known key is taken at its word: nobody told its key here.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt

from include.sandbox.vendors.vendor import Stage

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEYS = "google.service_account_keys"
LIFE_SECONDS = 3_600
SKEW_SECONDS = 300


class BadAssertion(Exception):
    """What the endpoint says of an assertion it does not trust."""


def read_claims(assertion: str) -> dict[str, Any]:
    """The claims without any judgement; :class:`BadAssertion` for what is no JWT."""
    parts = assertion.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, binascii.Error):
        raise BadAssertion("Bad JWT assertion.") from None
    if not isinstance(claims, dict):
        raise BadAssertion("Bad JWT assertion.")
    return claims


def require_signed(stage: Stage, assertion: str, claims: Mapping[str, Any], url: str) -> None:
    """Raise :class:`BadAssertion` unless the account's known key signed it, for ``url`` and now."""
    key = stage.knobs.get(KEYS, {}).get(claims.get("iss"))
    if key is None:
        return
    try:
        jwt.decode(assertion, key, algorithms=["RS256"], options={"verify_signature": True} | _LAX)
    except jwt.InvalidTokenError:
        raise BadAssertion("Invalid JWT Signature.") from None
    if claims.get("aud") != url:
        raise BadAssertion("Invalid JWT: Failed audience check. The right audience is " + url)
    _require_current(claims, stage.clock.now())


_LAX = dict.fromkeys(("verify_aud", "verify_exp", "verify_iat", "verify_nbf"), False)
"""Time is the vendors' clock, and the audience has words of its own: both are judged here."""


def _require_current(claims: Mapping[str, Any], now: datetime) -> None:
    at = now.timestamp()
    begin, end = claims.get("iat", 0), claims.get("exp", 0)
    if not (0 < end - begin <= LIFE_SECONDS and begin <= at + SKEW_SECONDS and at < end):
        raise BadAssertion(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
            "timeframe. Check your iat and exp values in the JWT claim."
        )
