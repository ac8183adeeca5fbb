"""Spellings of days and instants: one format read as a regular expression, two ways.

``parse_value`` reads one text; ``rewrite_rule`` lets Arrow rewrite a whole column of the usual
zero-padded spelling into ISO 8601 before one strict cast. ISO 8601 itself is always accepted: it
cannot be misread (that is why a format that starts year-day-month is refused).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_LOOSE = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2})",
    "f": r"(?P<f>\d{1,6})",
    "z": r"(?P<z>[Zz]|[+-]\d{2}(?::?\d{2})?)",
}
_STRICT = {"Y": r"(\d{4})"} | dict.fromkeys("mdHMS", r"(\d{2})")
_ISO = re.compile(
    r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:[ T](?P<H>\d{2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:\.(?P<f>\d{1,6}))?)?"
    r"(?P<z>[Z]|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII,
)
FIRST_YEAR, LAST_YEAR = 1970, 2148
"""ClickHouse's ``Date`` ends in 2149; a day outside these years is a typing error."""


class UnknownDirective(ValueError):
    """A format uses what is not supported; the message says what is."""


@dataclass(frozen=True)
class DateFormat:
    """One accepted spelling, in the directives of ``strptime``."""

    text: str
    loose: re.Pattern[str]
    rewrite_rule: tuple[str, str] | None
    """RE2 pattern and replacement that turn the zero-padded spelling into ISO 8601."""

    @classmethod
    def parse(cls, text: str, *, needs_time: bool) -> DateFormat:
        """Read a format; raises :class:`UnknownDirective`."""
        parts = re.findall(r"%.|[^%]+|%$", text)
        used = [part[1:] for part in parts if part.startswith("%")]
        for sign in used:
            if sign not in _LOOSE:
                raise UnknownDirective(
                    f"%{sign} is not supported. Use %Y or %y, %m, %d, %H, %M, %S, %f, %z."
                )
            if used.count(sign) > 1:
                raise UnknownDirective(f"%{sign} stands there twice.")
        day = [sign for sign in used if sign in "Yymd"]
        is_month = not needs_time and sorted(day, key=str.lower) in (["m", "Y"], ["m", "y"])
        if not is_month and sorted(day, key=str.lower) not in (["d", "m", "Y"], ["d", "m", "y"]):
            raise UnknownDirective("it needs a year, a month and a day: %d.%m.%Y, say.")
        if day[:2] == ["Y", "d"]:
            raise UnknownDirective("year-day-month reads like ISO 8601 and is not it.")
        has_time = {"H", "M"} <= set(used)
        if needs_time and not has_time and set("HMSfz") & set(used):
            raise UnknownDirective("a time needs both %H and %M.")
        if not needs_time and set("HMSfz") & set(used):
            raise UnknownDirective("a day has no time; use datetime_format for instants.")
        loose = "".join(
            _LOOSE[part[1:]] if part.startswith("%") else re.escape(part) for part in parts
        )
        return cls(text, re.compile(loose, re.ASCII), _rewrite_rule(parts, used))


def _rewrite_rule(parts: list[str], used: list[str]) -> tuple[str, str] | None:
    if not set(used) <= _STRICT.keys() or "d" not in used:
        return None
    pattern = "".join(
        _STRICT[part[1:]] if part.startswith("%") else _escape_for_re2(part) for part in parts
    )
    group = {sign: rf"\{place}" for place, sign in enumerate(used, start=1)}
    iso = f"{group['Y']}-{group['m']}-{group['d']}"
    if "H" in group:
        iso += f" {group['H']}:{group['M']}" + (f":{group['S']}" if "S" in group else "")
    return f"^{pattern}$", iso


def _escape_for_re2(text: str) -> str:
    return re.sub(r"([.+*?()\[\]{}|^$\\/-])", r"\\\1", text)


def parse_value(text: str, formats: tuple[DateFormat, ...]) -> datetime | None:
    """The instant a text names: aware when it carries an offset, else naive; ``None`` if none.

    A spelling without a time is midnight, one without a day is the first of its month.
    """
    for pattern in (*(item.loose for item in formats), _ISO):
        match = pattern.fullmatch(text)
        if match is not None:
            found = _build(match.groupdict())
            if found is not None:
                return found
    return None


def _build(part: dict[str, str | None]) -> datetime | None:
    year = part.get("Y")
    if year is None:
        short = int(part["y"] or 0)
        full_year = short + (2000 if short < 70 else 1900)
    else:
        full_year = int(year)
    if not FIRST_YEAR <= full_year <= LAST_YEAR:
        return None
    try:
        value = datetime(  # noqa: DTZ001 - naive on purpose, the mapping's zone comes later
            full_year,
            int(part["m"] or 0),
            int(part.get("d") or 1),
            int(part.get("H") or 0),
            int(part.get("M") or 0),
            int(part.get("S") or 0),
            int((part.get("f") or "").ljust(6, "0") or 0),
        )
    except ValueError:
        return None
    offset = part.get("z")
    if offset is None:
        return value
    shift = _offset(offset)
    return None if shift is None else (value - shift).replace(tzinfo=UTC)


def _offset(text: str) -> timedelta | None:
    if text in "Zz":
        return timedelta(0)
    digits = text[1:].replace(":", "").ljust(4, "0")
    if int(digits[:2]) > 23 or int(digits[2:]) > 59:
        return None
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -span if text[0] == "-" else span
