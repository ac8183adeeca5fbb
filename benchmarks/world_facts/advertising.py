"""Facts of ad platforms: every ad's day with impressions, clicks and cost, all final."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.world_facts.fact_set import Fact, FactSet, Span, to_whole_units
from include.sandbox.world.world import World

FIGURES = ("impressions", "clicks", "cost_micros")


def _sum_by(world: World, vendor: str, span: Span, key: str) -> dict[Fact, list[int]]:
    sums: dict[Fact, list[int]] = {}
    for row in world.table("ad_stats").to_pylist():
        if (row["vendor"], row["account_id"]) == (vendor, span.account):
            place = (str(row["stats_date"]), row["campaign_id"], row[key])
            found = sums.setdefault(place, [0] * len(FIGURES))
            for number, figure in enumerate(FIGURES):
                found[number] += row[figure]
    return {key: figures for key, figures in sums.items() if any(figures)}


def _ads(vendor: str, table: str, columns: Mapping[str, str]) -> FactSet:
    """Exact to the micro; ``columns`` says what the vendor calls what."""

    def tell(world: World, span: Span) -> list[Fact]:
        return [(*key, *figures) for key, figures in _sum_by(world, vendor, span, "ad_id").items()]

    return FactSet("ads by day", tell, _ask(table, columns))


def _ask(table: str, columns: Mapping[str, str]) -> str:
    figures = [f"toInt64(sum({columns.get(name, name)}))" for name in FIGURES]
    keys = [f"toInt64({columns.get(name, name)})" for name in ("campaign_id", "ad_id")]
    return (
        f"select toString(stats_date), {', '.join(keys)}, {', '.join(figures)}"
        f" from raw.{table}_live where account_id = {{account:String}} group by 1, 2, 3"
        f" having {' or '.join(f'{figure} > 0' for figure in figures)}"
    )


def _tell_creatives(world: World, span: Span) -> list[Fact]:
    """The vendor shows whole roubles of every creative's day."""
    sums = _sum_by(world, "avito_ads", span, "ad_id")
    return [(*key, *counts, to_whole_units(cost)) for key, (*counts, cost) in sums.items()]


def _tell_campaigns(world: World, span: Span) -> list[Fact]:
    """Whole roubles of every campaign's day: not the sum of what its creatives show."""
    sums = _sum_by(world, "avito_ads", span, "campaign_id")
    return [
        (day, number, *counts, to_whole_units(cost))
        for (day, number, _), (*counts, cost) in sums.items()
    ]


AVITO_FIGURES = "toInt64(sum(views)), toInt64(sum(clicks)), toInt64(sum(spend_amount * 1000000))"
AVITO_ROWS = "from raw.raw_avito_ads__ad_performance_daily_live where account_id = {account:String}"
ANY_FIGURE = "having sum(views) > 0 or sum(clicks) > 0 or sum(spend_amount) > 0"
ADVERTISING: Mapping[str, tuple[FactSet, ...]] = {
    "yandex_direct": (_ads("yandex_direct", "raw_yandex_direct__ad_performance_daily", {}),),
    "vk_ads": (
        _ads(
            "vk_ads",
            "raw_vk_ads__ad_performance_daily",
            {
                "campaign_id": "ad_plan_id",
                "ad_id": "banner_id",
                "impressions": "shows",
                "cost_micros": "spent_amount * 1000000",
            },
        ),
    ),
    "google_ads": (_ads("google_ads", "raw_google_ads__ad_performance_daily", {}),),
    "meta_ads": (_ads("meta_ads", "raw_meta_ads__ad_performance_daily", {}),),
    "avito_ads": (
        FactSet(
            "ads by day",
            _tell_creatives,
            "select toString(stats_date), toInt64(campaign_id), toInt64(creative_id),"
            f" {AVITO_FIGURES} {AVITO_ROWS} and creative_id != 0 group by 1, 2, 3 {ANY_FIGURE}",
        ),
        FactSet(
            "campaigns by day",
            _tell_campaigns,
            f"select toString(stats_date), toInt64(campaign_id), {AVITO_FIGURES} {AVITO_ROWS}"
            f" group by 1, 2 {ANY_FIGURE}",
        ),
    ),
}
