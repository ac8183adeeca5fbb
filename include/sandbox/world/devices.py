"""Browsers, cookies and addresses: by what a visit is recognised, and when it no longer is.

A person has an office computer, a telephone and a home computer (a relative's for some). A cookie
lives for a while and is then replaced; telephones of one kind forget it within days. Some browsers
block every counter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.journeys import Columns
from include.sandbox.world.sizes import Size

OFFICE, MOBILE, HOME = 0, 1, 2
DEVICES_EACH = 3
IOS_COOKIE_DAYS = 9.0
MICROS_A_DAY = 86_400_000_000
OFFICE_HOURS = (8 / 24, 19 / 24)
SYSTEMS = np.array(["Windows", "Android", "iOS", "macOS"])
BROWSERS = np.array(["Chrome", "YaBrowser", "Safari", "Firefox", "Edge"])
KINDS = np.array(["desktop", "mobile"])


@dataclass(frozen=True)
class Browsers(Columns):
    """By visit: which browser it was, and what the browser says of itself."""

    key: np.ndarray  # uint64, one a browser of a site
    epoch_second: np.ndarray  # when the cookie of the visit was set
    cookie: np.ndarray  # uint64, the same while the cookie lives
    is_blocked: np.ndarray
    kind: np.ndarray  # index into KINDS
    system: np.ndarray  # index into SYSTEMS
    browser: np.ndarray  # index into BROWSERS
    ip: np.ndarray  # uint32


def mix(values: np.ndarray, salt: int) -> np.ndarray:
    """A fixed bijection of uint64 that looks random (splitmix64's finaliser)."""
    with np.errstate(over="ignore"):
        z = values.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def to_unit(values: np.ndarray) -> np.ndarray:
    """Uniform floats in [0, 1) from mixed values."""
    return (values >> np.uint64(11)).astype(float) / 2.0**53


def choose_browsers(
    rng: np.random.Generator,
    size: Size,
    seed: int,
    visitor: np.ndarray,
    family: np.ndarray,
    office: np.ndarray,
    local: np.ndarray,
    instant: np.ndarray,
    site: np.ndarray,
) -> Browsers:
    """The browser of each visit: ``visitor`` and ``family`` are people, ``office`` companies."""
    count = len(visitor)
    time_of_day = local - np.floor(local)
    at_work = (time_of_day >= OFFICE_HOURS[0]) & (time_of_day < OFFICE_HOURS[1])
    chance = rng.random(count)
    device = np.where(
        at_work,
        np.where(chance < 0.62, OFFICE, np.where(chance < 0.88, MOBILE, HOME)),
        np.where(chance < 0.5, MOBILE, HOME),
    )
    owner = np.where(device == HOME, family, visitor)
    hardware = mix(owner * DEVICES_EACH + device, seed + 11)
    key = mix(hardware ^ (site.astype(np.uint64) << np.uint64(60)), 12)
    is_ios = (device == MOBILE) & (to_unit(mix(hardware, 13)) < 0.35)
    life = size.cookie_loss_days * (0.4 + 1.2 * to_unit(mix(key, 14)))
    life = np.where(is_ios, IOS_COOKIE_DAYS, life)
    phase = to_unit(mix(key, 15))
    epoch = np.floor(instant / MICROS_A_DAY / life + phase).astype(np.int64)
    system = np.where(device == MOBILE, np.where(is_ios, 2, 1), 0)
    system = np.where((device != MOBILE) & (to_unit(mix(hardware, 16)) < 0.12), 3, system)
    browser = (to_unit(mix(hardware, 17)) * 5).astype(np.int64)
    browser = np.where(is_ios, 2, np.where(browser == 2, 0, browser))
    ip = np.where(device == OFFICE, office + 2_000_000, owner * DEVICES_EACH + device)
    return Browsers(
        key,
        ((epoch - phase) * life * 86_400).astype(np.int64),
        mix(key ^ epoch.astype(np.uint64), 18),
        to_unit(mix(hardware, 19)) < size.counter_blocked_share,
        (device == MOBILE).astype(np.int64),
        system,
        browser,
        ip.astype(np.uint32),
    )


def metrica_ids(browsers: Browsers, is_measured: np.ndarray) -> np.ndarray:
    """Client ids as Metrica makes them: the second the cookie was set, then nine digits."""
    tail = browsers.cookie % np.uint64(1_000_000_000)
    ids = browsers.epoch_second.astype(np.uint64) * np.uint64(1_000_000_000) + tail
    return np.where(is_measured, ids, np.uint64(0))


def ga_ids(browsers: Browsers, is_measured: np.ndarray) -> pa.Array:
    """Client ids as GA makes them: a random number, a dot, the second the cookie was set."""
    head = pa.array((browsers.cookie >> np.uint64(33)).astype(np.int64)).cast(pa.string())
    tail = pa.array(browsers.epoch_second).cast(pa.string())
    ids = pc.binary_join_element_wise(head, tail, ".")
    return pc.if_else(pa.array(is_measured), ids, "")


def visitor_ids(browsers: Browsers, is_measured: np.ndarray) -> pa.Array:
    """The call tracker's own cookie."""
    ids = pa.array((mix(browsers.cookie, 20) >> np.uint64(24)).astype(np.int64)).cast(pa.string())
    return pc.if_else(pa.array(is_measured), ids, "")


def ip_texts(browsers: Browsers) -> pa.Array:
    """Addresses of the private range 10.0.0.0/8, one a home or an office."""
    parts = [(browsers.ip >> np.uint32(shift)) & np.uint32(255) for shift in (16, 8, 0)]
    texts = [pa.array(part.astype(np.int64)).cast(pa.string()) for part in parts]
    return pc.binary_join_element_wise("10", *texts, ".")
