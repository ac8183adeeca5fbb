"""Which fields cannot be asked for together.

The vendor publishes no table; these rules are what its ``checkCompatibility`` answers, as a public
connector has written it down. Fields of the session and of the first user go with nearly all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.sandbox.vendors.ga4.dimensions import ITEM_DIMENSIONS
from include.sandbox.vendors.ga4.measures import Measure

ATTRIBUTION = frozenset(
    {"source", "medium", "sourceMedium", "campaignName", "campaignId", "defaultChannelGroup"}
)
"""Dimensions of the key event, which only key events and money can be told by."""
DEMOGRAPHICS = frozenset({"userAgeBracket", "userGender", "brandingInterest"})
NAMED_SOURCES = (ATTRIBUTION - {"defaultChannelGroup"}) | {
    "sessionSource", "sessionMedium", "sessionSourceMedium", "sessionCampaignName",
    "sessionCampaignId", "sessionPrimaryChannelGroup", "sessionManualAdContent",
    "sessionManualTerm", "sessionManualSource", "sessionManualMedium",
    "sessionManualCampaignName", "firstUserSource", "firstUserMedium", "firstUserSourceMedium",
    "firstUserCampaignName",
}  # fmt: skip
ITEM_SCOPE = ITEM_DIMENSIONS | {"itemRevenue"}
ITEM_COUNTS = frozenset({"itemsPurchased", "itemsViewed", "itemsAddedToCart"})
COUNTED_BY_EVENT = frozenset(
    {"averageSessionDuration", "screenPageViews", "screenPageViewsPerSession",
     "screenPageViewsPerUser", "newUsers", "userEngagementDuration", "eventCount",
     "eventCountPerUser", "eventsPerSession", "ecommercePurchases", "transactions",
     "addToCarts", "checkouts", "publisherAdClicks", "publisherAdImpressions"}
)  # fmt: skip
WORTH_BY_EVENT = frozenset(
    {"keyEvents", "conversions", "eventValue", "totalRevenue", "purchaseRevenue",
     "grossPurchaseRevenue", "refundAmount", "averagePurchaseRevenue", "totalAdRevenue"}
)  # fmt: skip


def find_clash(fields: Sequence[str], measures: Mapping[str, Measure]) -> list[str]:
    """The fields that must go to make a request answerable, empty where nothing clashes."""
    names = {*fields, *measures}
    of_items = names & ITEM_SCOPE
    counted = names & COUNTED_BY_EVENT
    worth = names & WORTH_BY_EVENT or {name for name in names if name.startswith("keyEvents:")}
    attributed = names & ATTRIBUTION
    if of_items and (counted or worth):
        return sorted(of_items)
    if attributed and (counted or of_items or names & ITEM_COUNTS):
        return sorted(attributed)
    if names & DEMOGRAPHICS and names & NAMED_SOURCES:
        return sorted(names & DEMOGRAPHICS)
    return []
