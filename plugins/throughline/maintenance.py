"""Maintenance as tasks call it."""

from __future__ import annotations

import logging
from dataclasses import asdict

from include.warehouse import expiry, maintenance
from throughline.warehouse import open_landing, open_workshop

log = logging.getLogger(__name__)


def sweep() -> dict[str, int]:
    """Remove what killed runs have left; return how much."""
    with open_workshop(log.info) as shop:
        return asdict(maintenance.sweep(shop.client, open_landing(), shop.catalog))


def expire() -> dict[str, int]:
    """Remove personal data whose time is over; return how much."""
    with open_workshop(log.info) as shop:
        return asdict(expiry.expire_personal_data(shop.client, open_landing(), shop.catalog))
