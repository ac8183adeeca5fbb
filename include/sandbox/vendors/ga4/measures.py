"""The vendor's metrics, computed from the sums every group of rows is reduced to."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from include.sandbox.vendors.ga4.errors import refuse_argument

Sums = Mapping[str, float]
SUMS = ("sessions", "users", "active", "new", "engaged", "views", "goals", "seconds", "events",
        "converted", "purchases", "gross", "refunded")  # fmt: skip
MICROS = 1e6
RATES = {"EUR": 0.92, "GBP": 0.79, "RUB": 80.0, "USD": 1.0}
"""Units of a currency for one of the property's; the vendor takes the rates of each day."""


@dataclass(frozen=True)
class Measure:
    """One metric; ``kind`` is the vendor's type."""

    ui_name: str
    category: str
    kind: str
    compute: Callable[[Sums], float]


def _sum(name: str) -> Callable[[Sums], float]:
    return lambda sums: sums[name]


def _ratio(top: str, bottom: str) -> Callable[[Sums], float]:
    return lambda sums: sums[top] / sums[bottom] if sums[bottom] else 0.0


def _bounce(sums: Sums) -> float:
    return 1 - sums["engaged"] / sums["sessions"] if sums["sessions"] else 0.0


def _money(sums: Sums) -> float:
    """Purchases less what was given back, in whole currency."""
    return (sums["gross"] - sums["refunded"]) / MICROS


def _nothing(_: Sums) -> float:
    return 0


INTEGER, FLOAT, SECONDS, CURRENCY = "TYPE_INTEGER", "TYPE_FLOAT", "TYPE_SECONDS", "TYPE_CURRENCY"

MEASURES: dict[str, Measure] = {
    "sessions": Measure("Sessions", "Session", INTEGER, _sum("sessions")),
    "engagedSessions": Measure("Engaged sessions", "Session", INTEGER, _sum("engaged")),
    "engagementRate": Measure("Engagement rate", "Session", FLOAT, _ratio("engaged", "sessions")),
    "bounceRate": Measure("Bounce rate", "Session", FLOAT, _bounce),
    "averageSessionDuration": Measure(
        "Average session duration", "Session", SECONDS, _ratio("seconds", "sessions")
    ),
    "sessionsPerUser": Measure("Sessions per user", "Session", FLOAT, _ratio("sessions", "users")),
    "screenPageViewsPerSession": Measure(
        "Views per session", "Page / screen", FLOAT, _ratio("views", "sessions")
    ),
    "screenPageViewsPerUser": Measure(
        "Views per user", "Page / screen", FLOAT, _ratio("views", "users")
    ),
    "sessionKeyEventRate": Measure(
        "Session key event rate", "Session", FLOAT, _ratio("converted", "sessions")
    ),
    "totalUsers": Measure("Total users", "User", INTEGER, _sum("users")),
    "activeUsers": Measure("Active users", "User", INTEGER, _sum("active")),
    "newUsers": Measure("New users", "User", INTEGER, _sum("new")),
    "userEngagementDuration": Measure("User engagement", "User", SECONDS, _sum("seconds")),
    "cohortActiveUsers": Measure("Cohort active users", "Cohort", INTEGER, _sum("active")),
    "cohortTotalUsers": Measure(
        "Cohort total users", "Cohort", INTEGER, lambda sums: sums.get("cohort_users", 0)
    ),
    "screenPageViews": Measure("Views", "Page / screen", INTEGER, _sum("views")),
    "eventCount": Measure("Event count", "Event", INTEGER, _sum("events")),
    "eventCountPerUser": Measure(
        "Event count per active user", "Event", FLOAT, _ratio("events", "active")
    ),
    "eventsPerSession": Measure("Events per session", "Event", FLOAT, _ratio("events", "sessions")),
    "keyEvents": Measure(
        "Key events", "Event", FLOAT, lambda sums: sums["goals"] + sums["purchases"]
    ),
    "conversions": Measure(
        "Conversions", "Event", FLOAT, lambda sums: sums["goals"] + sums["purchases"]
    ),
    "keyEvents:generate_lead": Measure("generate_lead", "Event", FLOAT, _sum("goals")),
    "keyEvents:purchase": Measure("purchase", "Event", FLOAT, _sum("purchases")),
    "eventValue": Measure("Event value", "Event", FLOAT, lambda sums: sums["gross"] / MICROS),
    "totalRevenue": Measure("Total revenue", "Revenue", CURRENCY, _money),
    "purchaseRevenue": Measure("Purchase revenue", "Revenue", CURRENCY, _money),
    "grossPurchaseRevenue": Measure(
        "Gross purchase revenue", "Revenue", CURRENCY, lambda sums: sums["gross"] / MICROS
    ),
    "refundAmount": Measure(
        "Refund amount", "Revenue", CURRENCY, lambda sums: sums["refunded"] / MICROS
    ),
    "ecommercePurchases": Measure("Ecommerce purchases", "Ecommerce", INTEGER, _sum("purchases")),
    "transactions": Measure("Transactions", "Ecommerce", INTEGER, _sum("purchases")),
    "itemRevenue": Measure("Item revenue", "Ecommerce", CURRENCY, _nothing),
    "itemsPurchased": Measure("Items purchased", "Ecommerce", INTEGER, _nothing),
    "itemsViewed": Measure("Items viewed", "Ecommerce", INTEGER, _nothing),
    "itemsAddedToCart": Measure("Items added to cart", "Ecommerce", INTEGER, _nothing),
    "addToCarts": Measure("Add to carts", "Ecommerce", INTEGER, _nothing),
    "checkouts": Measure("Checkouts", "Ecommerce", INTEGER, _nothing),
    "averagePurchaseRevenue": Measure(
        "Average purchase revenue",
        "Revenue",
        CURRENCY,
        lambda sums: _money(sums) / sums["purchases"] if sums["purchases"] else 0.0,
    ),
    "totalAdRevenue": Measure("Total ad revenue", "Revenue", CURRENCY, _nothing),
    "publisherAdClicks": Measure("Publisher ad clicks", "Publisher", INTEGER, _nothing),
    "publisherAdImpressions": Measure("Publisher ad impressions", "Publisher", INTEGER, _nothing),
}
COHORT_MEASURES = frozenset({"cohortActiveUsers", "cohortTotalUsers"})
REALTIME_MEASURES = frozenset({"activeUsers", "eventCount", "keyEvents", "screenPageViews"})
OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b if b else 0.0,
}


def convert(measure: Measure, rate: float) -> Measure:
    """A measure of money in another currency; any other as it is."""
    if measure.kind != CURRENCY:
        return measure
    return replace(measure, compute=lambda sums: measure.compute(sums) * rate)


def make_measure(name: str, expression: str = "") -> Measure:
    """A metric by name, or one computed from others by an ``expression`` of ``+ - * /``."""
    if not expression:
        if name not in MEASURES:
            raise refuse_argument(
                f"Field {name} is not a valid metric. For a list of valid dimensions and metrics, "
                "see https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema"
            )
        return MEASURES[name]
    try:
        tree = ast.parse(expression.replace(":", "__"), mode="eval").body
    except SyntaxError:
        raise refuse_argument(f"Metric expression {expression} is invalid.") from None
    return Measure(name, "Custom", FLOAT, _compile(tree))


def _compile(node: ast.expr) -> Callable[[Sums], float]:
    if isinstance(node, ast.Name):
        return make_measure(node.id.replace("__", ":")).compute
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        number = float(node.value)
        return lambda _: number
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        operate, left, right = OPERATORS[type(node.op)], _compile(node.left), _compile(node.right)
        return lambda sums: operate(left(sums), right(sums))
    raise refuse_argument("The metric expression may only add, subtract, multiply and divide.")


def write_number(value: float, kind: str) -> str:
    """A metric as the vendor writes it: text, whole numbers without a fraction."""
    if kind == INTEGER or value == int(value):
        return str(round(value))
    return repr(round(value, 12))


def add_sums(groups: Sequence[Sums]) -> dict[str, float]:
    """Sums of several groups; users seen in two of them are counted twice, as the vendor warns."""
    return {name: sum(group[name] for group in groups) for name in SUMS}
