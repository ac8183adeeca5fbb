"""What a visit says about where it came from, and what was lost or falsified on the way.

The address of the entry page carries UTM marks and a click id; redirects, privacy settings and
hasty marketers lose or mislabel them. ``traffic_source`` is what a counter concludes from the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote_plus

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.advertising import AdCatalogue
from include.sandbox.world.business_lines import CHANNELS, LINES
from include.sandbox.world.calendar import PLACES
from include.sandbox.world.channels import region_weights
from include.sandbox.world.devices import mix
from include.sandbox.world.journeys import CODE, REGION_COUNT
from include.sandbox.world.sizes import Size
from include.sandbox.world.tables import UTM

UTM_NAMES = tuple(name for name, _ in UTM)
BOUGHT = ("paid_search", "display", "paid_social", "classified")
PATHS = np.array(["/", "/catalog/bolts", "/catalog/anchors", "/prices", "/contacts", "/delivery"])
OWN_MARKS = {"email": ("newsletter", "email"), "social": ("telegram", "social")}
REFERRERS = {
    "paid_search": ("https://yandex.ru/", "https://www.google.com/"),
    "display": ("https://news.example/", "https://news.example/"),
    "paid_social": ("https://vk.com/", "https://l.facebook.com/"),
    "classified": ("https://www.avito.ru/", ""),
    "organic": ("https://yandex.ru/search/", "https://www.google.com/search"),
    "social": ("https://t.me/", "https://www.linkedin.com/"),
    "email": ("", ""),
    "referral": ("https://metalforum.example/topic", "https://buildersguide.example/list"),
    "direct": ("", ""),
}
"""Channel → referrer at the Russian lines, at the international one."""
MESSENGER = "https://t.me/"
SOURCE_OF_CHANNEL = {
    "organic": "organic",
    "social": "social",
    "email": "email",
    "referral": "referral",
    "direct": "direct",
}


@dataclass(frozen=True)
class AdShelf:
    """The catalogue's placements as plain columns, row 0 being none."""

    columns: dict[str, np.ndarray]

    def take(self, name: str, placement: np.ndarray) -> np.ndarray:
        """A column at the rows of placements."""
        return self.columns[name][placement]


def stock_ads(placements: pa.Table) -> AdShelf:
    """The shelf of a catalogue's placements."""
    numbers = ("campaign_id", "ad_group_id", "ad_id")
    columns = {
        name: np.concatenate([[0], placements[name].to_numpy()]).astype(np.int64)
        for name in numbers
    }
    for name in ("vendor", "landing_url", "click_id_kind", *UTM_NAMES):
        columns[name] = np.array(["", *placements[name].to_pylist()], object)
    stems = [url.partition("?")[0] for url in columns["landing_url"]]
    columns["landing_page"] = np.array(stems, object)
    return AdShelf(columns)


def choose_ads(
    rng: np.random.Generator,
    catalogue: AdCatalogue,
    channel: np.ndarray,
    line: np.ndarray,
    place: np.ndarray,
    days: np.ndarray,
) -> np.ndarray:
    """Row of the shelf for each visit, 0 where no ad led to it; ``days`` are datetime64[D]."""
    chosen = np.zeros(len(channel), np.int64)
    for index, one in enumerate(LINES):
        for name in BOUGHT:
            at = np.flatnonzero((channel == CODE[name]) & (line == index))
            regions = place[at] % REGION_COUNT
            chosen[at] = catalogue.choose(one.crm, name, regions, days[at], rng) + 1
    return chosen


@dataclass(frozen=True)
class Marks:
    """Arrow columns of ``visit`` by name."""

    columns: dict[str, pa.Array]


def make_marks(
    rng: np.random.Generator,
    size: Size,
    shelf: AdShelf,
    ads: np.ndarray,
    channel: np.ndarray,
    line: np.ndarray,
    visit_id: np.ndarray,
    loses_all: np.ndarray,
) -> Marks:
    """Addresses, marks and the counter's conclusion of each visit.

    ``loses_all`` are visits whose redirect cuts off the query, whatever the usual rates say.
    """
    count = len(ads)
    is_ad = ads > 0
    has_utm = ~(rng.random(count) < size.utm_loss_share) & ~loses_all
    keeps_click = ~(rng.random(count) < size.click_id_loss_share) & ~loses_all
    kind = np.where(is_ad & keeps_click, shelf.take("click_id_kind", ads), "")
    click = np.where(kind != "", make_click_ids(visit_id, kind), "")
    utm = {name: np.where(has_utm, shelf.take(name, ads), "") for name in UTM_NAMES}
    for name, (source, medium) in OWN_MARKS.items():
        rows = (channel == CODE[name]) & has_utm
        utm["utm_source"][rows], utm["utm_medium"][rows] = source, medium
        utm["utm_campaign"][rows] = f"{name}_regular"
    mislabel(rng, size, utm)
    referrer = find_referrers(rng, channel, line)
    source = conclude_source(channel, kind, utm["utm_medium"], referrer)
    hosts = np.array([f"https://{one.host}" for one in LINES], object)
    path = PATHS[rng.choice(len(PATHS), count, p=(0.35, 0.2, 0.15, 0.15, 0.1, 0.05))]
    plain = hosts[line] + path.astype(object)
    columns: dict[str, pa.Array] = {
        name: pa.array(values, pa.string()) for name, values in utm.items()
    }
    columns |= {
        "entry_url": write_urls(
            np.where(is_ad, shelf.take("landing_page", ads), plain), utm, kind, click
        ),
        "referrer": pa.array(referrer, pa.string()),
        "click_id_kind": pa.array(kind, pa.string()),
        "click_id": pa.array(click, pa.string()),
        "traffic_source": pa.array(source, pa.string()),
        "ad_vendor": pa.array(shelf.take("vendor", ads), pa.string()),
        "campaign_id": pa.array(shelf.take("campaign_id", ads)),
        "ad_group_id": pa.array(shelf.take("ad_group_id", ads)),
        "ad_id": pa.array(shelf.take("ad_id", ads)),
    }
    return Marks(columns)


def make_click_ids(visit_id: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Click ids unlike each other; digits for yclid, words for the others."""
    number = (mix(visit_id, 31) >> np.uint64(1)).astype(np.int64)
    digits = pa.array(number).cast(pa.string()).to_numpy(zero_copy_only=False)
    prefix = np.select(
        [kind == "gclid", kind == "fbclid", kind == "rb_clickid"], ["Cj0KCQ", "IwAR", "vkads_"], ""
    )
    return prefix.astype(object) + digits


def mislabel(rng: np.random.Generator, size: Size, utm: dict[str, np.ndarray]) -> None:
    """Marks as hasty marketers type them: other case, another medium, an unfilled template."""
    marked = np.flatnonzero(utm["utm_source"] != "")
    wrong = marked[rng.random(len(marked)) < size.mislabelled_share]
    how = rng.integers(0, 3, len(wrong))
    upper, medium, template = wrong[how == 0], wrong[how == 1], wrong[how == 2]
    utm["utm_source"][upper] = [text.capitalize() for text in utm["utm_source"][upper]]
    utm["utm_medium"][medium] = "banner"
    utm["utm_campaign"][template] = "{campaign_id}"


def find_referrers(rng: np.random.Generator, channel: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Pages the visits came from; a tenth of browsers do not say."""
    names = np.array([REFERRERS.get(name, ("", "")) for name in CHANNELS], object)
    is_abroad = (line == 2).astype(np.int64)
    referrer = names[channel, is_abroad]
    return np.where(rng.random(len(channel)) < 0.1, "", referrer)


def conclude_source(
    channel: np.ndarray, kind: np.ndarray, medium: np.ndarray, referrer: np.ndarray
) -> np.ndarray:
    """What the counter takes the visit for: ``ad`` only while a click id or a mark is left."""
    true = np.array([SOURCE_OF_CHANNEL.get(name, "ad") for name in CHANNELS], object)[channel]
    is_ad = true == "ad"
    is_marked = (kind != "") | (medium != "")
    lost = is_ad & ~is_marked
    seen = np.where(channel == CODE["paid_search"], "organic", "referral")
    seen = np.where(channel == CODE["paid_social"], "social", seen)
    seen = np.where(referrer == "", "direct", seen)
    quiet = np.isin(true, ("organic", "referral")) & (referrer == "")
    unmarked_mail = (true == "email") & (medium == "")
    source = np.where(lost, seen, true)
    source = np.where(quiet | unmarked_mail, "direct", source)
    source = np.where((true == "social") & (referrer == "") & (medium == ""), "direct", source)
    return np.where((true == "social") & (referrer == MESSENGER), "messenger", source)


def write_urls(
    pages: np.ndarray, utm: dict[str, np.ndarray], kind: np.ndarray, click: np.ndarray
) -> pa.Array:
    """Addresses of entry pages whose query says what is left of the marks and the click id."""
    parts = []
    for name, values in [*utm.items(), ("", click)]:
        key = name or pa.array(kind, pa.string())
        value = quote(pa.array(values, pa.string())) if name else pa.array(values, pa.string())
        pair = pc.binary_join_element_wise("&", key, "=", value, "")
        parts.append(pc.if_else(pc.equal(value, ""), "", pair))
    query = pc.binary_join_element_wise(*parts, "")
    query = pc.replace_substring(query, "&", "?", max_replacements=1)
    return pc.binary_join_element_wise(pa.array(pages, pa.string()), query, "")


def quote(values: pa.Array) -> pa.Array:
    """Values as they stand in a query; there are few different ones."""
    encoded = values.dictionary_encode()
    quoted = pa.array([quote_plus(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return quoted.take(encoded.indices)


def pick_places(rng: np.random.Generator, line: np.ndarray) -> np.ndarray:
    """Places of visits that nobody made, by their line."""
    half = len(PLACES) // 2
    place = rng.choice(half, len(line), p=region_weights(LINES[0]))
    return place + np.where(line == 2, half, 0)
