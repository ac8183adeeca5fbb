"""Which report field may stand where: the vendor's matrix, read from the table below.

Each line is: field, then Out Filter Order (``+`` allowed), then one letter per report type in the
order of :data:`REPORT_TYPES`: ``s`` segment, ``a`` attribute, ``m`` metric, ``f`` filter only,
``.`` not allowed.
"""

from __future__ import annotations

from dataclasses import dataclass

REPORT_TYPES = (
    "ACCOUNT_PERFORMANCE_REPORT",
    "AD_PERFORMANCE_REPORT",
    "ADGROUP_PERFORMANCE_REPORT",
    "CAMPAIGN_PERFORMANCE_REPORT",
    "CRITERIA_PERFORMANCE_REPORT",
    "CUSTOM_REPORT",
    "REACH_AND_FREQUENCY_PERFORMANCE_REPORT",
    "SEARCH_QUERY_PERFORMANCE_REPORT",
)

IMPLICIT_GROUPS = {
    "CAMPAIGN_PERFORMANCE_REPORT": ("CampaignId",),
    "ADGROUP_PERFORMANCE_REPORT": ("AdGroupId",),
    "AD_PERFORMANCE_REPORT": ("AdId",),
    "CRITERIA_PERFORMANCE_REPORT": ("AdGroupId", "CriterionId", "CriterionType"),
    "SEARCH_QUERY_PERFORMANCE_REPORT": ("AdGroupId", "Query"),
}

MATRIX = """
AdFormat                  +++ ssss.s..
AdGroupId                 +++ .aa.assa
AdGroupName               +.+ .aa.assa
AdId                      +++ .a...sss
AdNetworkType             +++ ssssss..
Age                       +++ sssssss.
AudienceTargetId          .+. ....ff..
AvgClickPosition          +++ mmmmmm.m
AvgCpc                    +++ mmmmmmmm
AvgCpm                    +++ ......m.
AvgEffectiveBid           +++ mmmmmmmm
AvgImpressionFrequency    +++ ......m.
AvgImpressionPosition     +++ mmmmmm.m
AvgPageviews              +++ mmmmmmmm
AvgTrafficVolume          +++ mmmmmmmm
AvgVideoCompleteCost      +++ ......m.
BounceRate                +++ mmmmmmmm
Bounces                   +.+ mmmmmmmm
CampaignId                +++ .aaaassa
CampaignName              +.+ .aaaassa
CampaignUrlPath           +.+ .aaaassa
CampaignType              +++ saaaassa
CarrierType               +++ ssssss..
Clicks                    +++ mmmmmmmm
ClickType                 +++ ssssss..
ClientLogin               +++ ssssssss
ConversionRate            +++ mmmmmmmm
Conversions               +++ mmmmmmmm
Cost                      +++ mmmmmmmm
CostPerConversion         +++ mmmmmmmm
CPV                       +++ ......m.
Criteria                  +.. ....as.s
CriteriaId                +.. ....as.s
CriteriaType              +++ ssssas.s
Criterion                 +.. ....as.s
CriterionId               +.. ....as.s
CriterionType             +++ ssssas.s
Ctr                       +++ mmmmmmmm
Date                      +.+ ssssssss
Device                    +++ sssssss.
DynamicTextAdTargetId     .+. ....ff.f
ExternalNetworkName       +++ ssssss..
Gender                    +++ sssssss.
GoalsRoi                  +++ mmmmmmmm
ImpressionReach           +++ ......m.
Impressions               +++ mmmmmmmm
IncomeGrade               +++ ssssss.s
Keyword                   .+. ....ff.f
LocationOfPresenceId      +++ ssssss..
LocationOfPresenceName    +.+ ssssss..
MatchedKeyword            +++ .......s
MatchType                 +++ ssssss.s
MobilePlatform            +++ ssssss..
Month                     +.+ ssssssss
Placement                 +++ ssssss.s
Profit                    +++ mmmmmmmm
PurchaseGoals             .+. mmmmmmmm
PurchaseRevenue           +++ mmmmmmmm
PurchaseProfit            +++ mmmmmmmm
PurchaseGoalsRoi          +++ mmmmmmmm
Quarter                   +.+ ssssssss
Query                     +++ .......a
Revenue                   +++ mmmmmmmm
RlAdjustmentId            +++ ....ss..
Sessions                  +.+ mmmmmmm.
Slot                      +++ ssssss..
SmartAdTargetId           .+. ....ff..
TargetingCategory         +++ ssssss.s
TargetingLocationId       +++ sssssss.
TargetingLocationName     +.+ sssssss.
VideoComplete             +++ ......m.
VideoCompleteRate         +++ ......m.
VideoFirstQuartile        +++ ......m.
VideoFirstQuartileRate    +++ ......m.
VideoMidpoint             +++ ......m.
VideoMidpointRate         +++ ......m.
VideoThirdQuartile        +++ ......m.
VideoThirdQuartileRate    +++ ......m.
VideoViews                +++ ......m.
VideoViewsRate            +++ ......m.
Week                      +.+ ssssssss
WeightedCtr               +++ mmmmmmmm
WeightedImpressions       +++ mmmmmmmm
Year                      +.+ ssssssss
"""


@dataclass(frozen=True)
class ReportField:
    """One line of the matrix."""

    name: str
    in_output: bool
    in_filter: bool
    in_order: bool
    roles: str
    """One letter per report type, in the order of :data:`REPORT_TYPES`."""

    def role(self, report_type: str) -> str:
        """``s a m f`` or ``.`` in a report of this type."""
        return self.roles[REPORT_TYPES.index(report_type)]

    @property
    def is_metric(self) -> bool:
        """Whether the field is a figure rather than something to group by."""
        return "m" in self.roles


def _read_matrix() -> dict[str, ReportField]:
    fields = {}
    for line in MATRIX.strip().splitlines():
        name, places, roles = line.split()
        fields[name] = ReportField(name, *(mark == "+" for mark in places), roles=roles)
    return fields


FIELDS = _read_matrix()
PERIOD_FIELDS = ("Date", "Week", "Month", "Quarter", "Year")
MONEY_FIELDS = (
    "AvgCpc",
    "AvgCpm",
    "AvgEffectiveBid",
    "Cost",
    "CostPerConversion",
    "Profit",
    "Revenue",
    "PurchaseRevenue",
    "PurchaseProfit",
)
GOAL_FIELDS = ("Conversions", "ConversionRate", "CostPerConversion", "GoalsRoi", "Revenue")
NOT_WITH_CLICK_TYPE = (
    "Impressions",
    "Ctr",
    "AvgImpressionPosition",
    "WeightedImpressions",
    "WeightedCtr",
    "AvgTrafficVolume",
)
HIDDEN_FOR_WIZARD = ("AdGroupId", "AdGroupName", "AdId", "CriterionId")
OPERATORS = (
    "EQUALS",
    "NOT_EQUALS",
    "IN",
    "NOT_IN",
    "LESS_THAN",
    "GREATER_THAN",
    "STARTS_WITH_IGNORE_CASE",
    "DOES_NOT_START_WITH_IGNORE_CASE",
    "STARTS_WITH_ANY_IGNORE_CASE",
    "DOES_NOT_START_WITH_ALL_IGNORE_CASE",
)
ATTRIBUTION_MODELS = {
    "FCCD": "FCCD",
    "LC": "LC",
    "LSCCD": "LSCCD",
    "AUTO": "AUTO",
    "FC": "FCCD",
    "LSC": "LSCCD",
    "LYDC": "AUTO",
    "LYDCCD": "AUTO",
}
"""Accepted model → the one it is converted to."""
