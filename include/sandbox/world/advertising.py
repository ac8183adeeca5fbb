"""The advertising a company has bought: accounts, campaigns, groups, ads, keywords, landing pages.

Every group serves one region, so that money and clicks of a region can be told apart; the same
catalogue is read by visits (where did this click land) and by the figures (what did it cost).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from urllib.parse import quote_plus, urlencode

import numpy as np
import pyarrow as pa

from include.sandbox.world.ad_plans import (
    ACCOUNTS,
    AD_TITLES,
    CLICK_ID_KIND,
    FIRST_IDS,
    AccountPlan,
    CampaignPlan,
)
from include.sandbox.world.business_lines import LINE_OF_CRM, REGIONS
from include.sandbox.world.channels import usual_spend
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import DAY, ID, TABLES, TEXT, make_schema

PLACEMENT = make_schema(
    ("crm", TEXT),
    ("channel", TEXT),
    ("region", TEXT),
    ("vendor", TEXT),
    ("account_id", TEXT),
    ("campaign_id", ID),
    ("ad_group_id", ID),
    ("ad_id", ID),
    ("keyword_id", ID),  # 0 where there is none
    ("utm_source", TEXT),
    ("utm_medium", TEXT),
    ("utm_campaign", TEXT),
    ("utm_content", TEXT),
    ("utm_term", TEXT),
    ("landing_url", TEXT),  # as clicked, without the click id
    ("click_id_kind", TEXT),
    ("weight", pa.float64()),
    ("start_date", DAY),
    ("end_date", DAY),  # the first day without it
)
"""What a click can come from: an ad, and on search the keyword that showed it."""
SMALLEST_BUDGET_MICROS = 300_000_000
BUDGET_FACTOR = 3.0
"""Daily budget per usual spend: the best days of the season fit in, doubled ones do not."""
ADS_OF_A_GROUP = 2


@dataclass(frozen=True)
class AdCatalogue:
    """``tables``: ad_account, campaign, ad_group, ad, keyword; ``placements``: PLACEMENT rows."""

    tables: Mapping[str, pa.Table]
    placements: pa.Table

    def choose(
        self,
        crm: str,
        channel: str,
        regions: np.ndarray,
        days: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """A row of ``placements`` for every click, among those running on its day.

        ``regions`` are indexes into the line's REGIONS, ``days`` datetime64[D]; -1 where the line
        does not buy the channel.
        """
        names = REGIONS[LINE_OF_CRM[crm].country]
        chosen = np.full(len(regions), -1, dtype=np.int64)
        crms, channels = (self.placements[c].to_numpy() for c in ("crm", "channel"))
        region_names = self.placements["region"].to_numpy()
        starts, ends = (self.placements[c].to_numpy() for c in ("start_date", "end_date"))
        weights = self.placements["weight"].to_numpy()
        draws = rng.random(len(regions))
        for index, name in enumerate(names):
            here = np.flatnonzero(regions == index)
            places = np.flatnonzero((crms == crm) & (channels == channel) & (region_names == name))
            if not len(places) or not len(here):
                continue
            # placements run for long, so few different sets of them serve all the days
            day = days[here].astype("datetime64[D]")
            runs = (starts[places][None, :] <= day[:, None]) & (day[:, None] < ends[places][None])
            sums = np.cumsum(weights[places][None, :] * runs, axis=1)
            wanted = draws[here, None] * sums[:, -1:]
            picked = np.minimum((sums <= wanted).sum(axis=1), len(places) - 1)
            chosen[here] = places[picked]
        return chosen


def make_ad_catalogue(seed: int, size: Size) -> AdCatalogue:
    """Everything the ad accounts hold, the same for the same seed and size."""
    rng = make_rng(seed, "ad_catalogue")
    rows: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("ad_account", "campaign", "ad_group", "ad", "keyword", "placement")
    }
    ids = {vendor: list(first) for vendor, first in FIRST_IDS.items()}
    for account in ACCOUNTS:
        line = LINE_OF_CRM[account.crm]
        rows["ad_account"].append(
            {
                "vendor": account.vendor,
                "account_id": account.account_id,
                "name": account.name,
                "currency_code": line.currency_code,
                "time_zone": account.time_zone,
            }
        )
        for channel, plans in account.channels.items():
            total = sum(plan.weight for plan in plans)
            for plan in plans:
                part = plan.weight / total
                _add_campaign(rows, ids[account.vendor], account, channel, plan, part, size, rng)
    tables = {
        name: pa.Table.from_pylist(rows[name], schema=TABLES[name])
        for name in rows
        if name in TABLES
    }
    return AdCatalogue(tables, pa.Table.from_pylist(rows["placement"], schema=PLACEMENT))


def _add_campaign(
    rows: dict[str, list[dict[str, object]]],
    ids: list[int],
    account: AccountPlan,
    channel: str,
    plan: CampaignPlan,
    part: float,
    size: Size,
    rng: np.random.Generator,
) -> None:
    line = LINE_OF_CRM[account.crm]
    campaign_id = _next_id(ids, 0, rng)
    start, end = _day_at(size, plan.since), _day_at(size, plan.until)
    is_over = end < size.ends_on
    smallest = SMALLEST_BUDGET_MICROS / (90 if line.currency_code == "USD" else 1)
    budget = max(usual_spend(size, line, channel) * part * BUDGET_FACTOR, smallest)
    rows["campaign"].append(
        {
            "vendor": account.vendor,
            "account_id": account.account_id,
            "campaign_id": campaign_id,
            "name": plan.name,
            "channel": channel,
            "status": "archived" if is_over else "active",
            "start_date": start,
            "end_date": end - timedelta(days=1) if is_over else None,
            "daily_budget_micros": ceil(budget / 1e7) * 10_000_000,
        }
    )
    for region in REGIONS[line.country]:
        group_id = _next_id(ids, 1, rng)
        rows["ad_group"].append(
            {
                "vendor": account.vendor,
                "campaign_id": campaign_id,
                "ad_group_id": group_id,
                "name": f"{plan.name} | {region}",
                "region": region,
            }
        )
        keywords = [(_next_id(ids, 3, rng), text) for text in plan.keywords]
        rows["keyword"] += [
            {"vendor": account.vendor, "ad_group_id": group_id, "keyword_id": key, "text": text}
            for key, text in keywords
        ]
        for number in range(ADS_OF_A_GROUP):
            ad_id = _next_id(ids, 2, rng)
            utm = {
                "utm_source": account.utm_source,
                "utm_medium": account.utm_medium,
                "utm_campaign": plan.slug if account.names_campaigns_in_utm else str(campaign_id),
                "utm_content": str(ad_id),
            }
            url = f"https://{line.host}/{plan.path}?{urlencode(utm)}"
            rows["ad"].append(
                {
                    "vendor": account.vendor,
                    "campaign_id": campaign_id,
                    "ad_group_id": group_id,
                    "ad_id": ad_id,
                    "title": f"{plan.name.split(' | ')[0]}: {AD_TITLES[line.country][number]}",
                    "landing_url": url,
                }
            )
            for keyword_id, text in keywords or [(0, "")]:
                rows["placement"].append(
                    {
                        "crm": account.crm,
                        "channel": channel,
                        "region": region,
                        "vendor": account.vendor,
                        "account_id": account.account_id,
                        "campaign_id": campaign_id,
                        "ad_group_id": group_id,
                        "ad_id": ad_id,
                        "keyword_id": keyword_id,
                        **utm,
                        "utm_term": text,
                        "landing_url": f"{url}&utm_term={quote_plus(text)}" if text else url,
                        "click_id_kind": CLICK_ID_KIND[account.vendor],
                        "weight": part * (0.6, 0.4)[number] / max(len(keywords), 1),
                        "start_date": start,
                        "end_date": end,
                    }
                )


def _next_id(ids: list[int], kind: int, rng: np.random.Generator) -> int:
    """Ids grow with gaps, as where many advertisers share a vendor."""
    ids[kind] += int(rng.integers(1, 40))
    return ids[kind]


def _day_at(size: Size, fraction: float) -> date:
    return size.starts_on + timedelta(days=round(size.days * fraction))
