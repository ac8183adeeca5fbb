"""Dates of the cabinet: days before months for calls, months before days for requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from include.sandbox.vendors.calltouch.access import LINE, ApiError

ZONE = ZoneInfo(LINE.time_zone)
CALL_DAY, REQUEST_DAY = "%d/%m/%Y", "%m/%d/%Y"
MOMENT = "%d/%m/%Y %H:%M:%S"
LONGEST_DAYS = 92


@dataclass(frozen=True)
class Period:
    """Whole days of the cabinet, both included, or a part of each by the clock."""

    first: date
    last: date
    time_from: time = time()
    time_to: time = time.max

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    @property
    def begin(self) -> datetime:
        """Its first instant."""
        return datetime.combine(self.first, self.time_from, ZONE)

    @property
    def end(self) -> datetime:
        """Its last instant, included."""
        return datetime.combine(self.last, self.time_to, ZONE)

    def holds(self, instant: datetime | None) -> bool:
        """Whether an instant is in it."""
        return instant is not None and self.begin <= instant <= self.end


def write_moment(instant: datetime | None) -> str | None:
    """``dd/mm/yyyy hh:mm:ss`` in the cabinet's zone."""
    return None if instant is None else instant.astimezone(ZONE).strftime(MOMENT)


def read_period(params: QueryParams, order: str) -> Period:
    """The days asked for; 400 for a missing date, another order of its parts, or too many."""
    first, last = (_read_day(params, name, order) for name in ("dateFrom", "dateTo"))
    if first > last:
        raise ApiError(400, "dateFrom is after dateTo")
    period = Period(
        first,
        last,
        _read_time(params, "timeFrom", time()),
        _read_time(params, "timeTo", time.max),
    )
    if period.days > LONGEST_DAYS:
        raise ApiError(400, f"The period is longer than {LONGEST_DAYS} days")
    return period


def each_day(period: Period) -> list[date]:
    """The days of a period."""
    return [period.first + timedelta(days=number) for number in range(period.days)]


def _read_day(params: QueryParams, name: str, order: str) -> date:
    text = params.get(name, "")
    try:
        return datetime.strptime(text, order).date()  # noqa: DTZ007 a day of the cabinet
    except ValueError:
        raise ApiError(400, f"Wrong date format of {name}: {text}") from None


def _read_time(params: QueryParams, name: str, default: time) -> time:
    text = params.get(name, "")
    if not text:
        return default
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ApiError(400, f"Wrong time format of {name}: {text}") from None
