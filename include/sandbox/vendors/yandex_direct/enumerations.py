"""Field names the management services accept, as listed in the vendor's WSDL."""

from __future__ import annotations

FIELD_NAMES: dict[str, frozenset[str]] = {
    service: frozenset(names.split())
    for service, names in {
        "campaigns": (
            "BlockedIps ExcludedSites Currency DailyBudget Notification EndDate Funds ClientInfo "
            "Id Name NegativeKeywords RepresentedBy StartDate Statistics State Status "
            "StatusPayment StatusClarification SourceId TimeTargeting TimeZone Type"
        ),
        "adgroups": (
            "Id CampaignId Name Status ServingStatus Type Subtype RegionIds RestrictedRegionIds "
            "NegativeKeywords NegativeKeywordSharedSetIds TrackingParams"
        ),
        "ads": (
            "Id CampaignId AdGroupId State Status StatusClarification Type Subtype AdCategories "
            "AgeLabel"
        ),
        "keywords": (
            "Id CampaignId AdGroupId Keyword State Status ServingStatus Bid ContextBid "
            "UserParam1 UserParam2 Productivity StatisticsSearch StatisticsNetwork "
            "StrategyPriority AutotargetingCategories"
        ),
        "clients": (
            "AccountQuality Archived ClientId ClientInfo CountryId CreatedAt Currency Grants "
            "Bonuses Login Notification OverdraftSumAvailable Phone Representatives Restrictions "
            "Settings Type VatRate ForbiddenPlatform AvailableCampaignTypes"
        ),
    }.items()
}
