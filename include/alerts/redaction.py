"""Removes secrets and personal data from text that leaves the restricted zone.

It errs on the side of removing: an eleven-digit figure that could be dialled is treated as a phone.
Dates, timestamps, UUIDs and load ids are set aside first, so they come through unmangled. People's
names are not recognised; texts that may hold one (a raw row, a file's cell) must not be passed on.
"""

from __future__ import annotations

import re

SECRET = "[secret]"  # noqa: S105 - the mark left in place of one
EMAIL = "[e-mail]"
PHONE = "[phone]"
LONGEST_READ = 20_000
"""Characters of an error that are looked at; a database may answer with the whole statement."""

_DAY = r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?"
_FIGURES = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # UUID
    r"|(?:19|20)\d{6}T\d{6,12}(?:-[0-9a-f]{8})?"  # load id
    rf"|{_DAY}(?:[T ]{_CLOCK}(?:Z|[+-]\d\d:?\d\d)?)?"  # day or instant
    r")(?![0-9A-Za-z])"
)
_SET_ASIDE = re.compile("\ue000(\\d+)\ue001")

_SENSITIVE_NAME = (
    r"[\w.-]{0,40}(?:token|passw(?:or)?d|passwd|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|identity[_-]?key|credential|signature|session[_-]?id|cookie)[\w.-]{0,40}"
)
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    # scheme://user:password@host
    (re.compile(r"(?<=://)[^\s/@?#]+@"), f"{SECRET}@"),
    # Authorization headers, with or without their name
    (
        re.compile(r"\b(bearer|oauth|basic|api-key)\s+(?=\S*[\d=._-]|\S{16})[^\s,;'\"]+", re.I),
        rf"\1 {SECRET}",
    ),
    (re.compile(r"\b(authorization)(['\"]?\s*[:=]\s*)(?!\[)[^\r\n,;}]+", re.I), rf"\1\2{SECRET}"),
    # key=value, key: value, "key": "value"
    (
        re.compile(
            rf"\b({_SENSITIVE_NAME})(\\?['\"]?\s*[:=]\s*)"
            r"(?:\\?\"[^\"\r\n]*\"?|\\?'[^'\r\n]*'?|(?!\[secret\])[^\s,;&'\"})]+)",
            re.I,
        ),
        rf"\1\2{SECRET}",
    ),
    # webhooks whose path is the password: Bitrix-like, Slack, Telegram
    (re.compile(r"(/rest/\d+/)(?!\[secret\])[^/\s?#'\"]+"), rf"\1{SECRET}"),
    (re.compile(r"(hooks\.slack\.com/(?:services|workflows)/)[^\s'\"]+", re.I), rf"\1{SECRET}"),
    (re.compile(r"\b(bot)?\d{6,12}:[A-Za-z0-9_-]{30,}"), SECRET),
)
_OPAQUE = re.compile(r"[A-Za-z0-9_\-]{20,}")
_KNOWN_PREFIX = re.compile(
    r"(?<![A-Za-z0-9])(?:y[0-3]_|gh[pousr]_|glpat-|xox[abprs]-|AKIA|AQVN|AIza|sk-|pk_|eyJ)"
    r"[A-Za-z0-9_.\-]{8,}"
)

# Every repetition is bounded: one long word must not cost the square of its length.
_LOCAL = r"[^\s@\"'<>()\[\],;:/=&?\\]{1,128}"
_EMAIL = re.compile(
    # the usual part before the @, a quoted one, or at the very least its last character
    rf"(?:\"[^\"\s@]{1, 128}\"|{_LOCAL}(?:'{_LOCAL}){{0,3}}|[^\s@])"
    r"(?<!\[secret\])(?:@|%40)"
    r"(?:\[[0-9A-Fa-f.:]+\]|\w[\w.-]*)"
)

_GAP = r"[\s\u00a0\u2009\u202f).\-\u2010-\u2015\u2212]{0,4}"
_OPEN = rf"{_GAP}\(?{_GAP}"
_PHONE = re.compile(
    # +7 or 8, the first three digits of the area code together, then seven in any grouping
    rf"(?<!\d)(?:"
    rf"(?:(?:\+|%2B|00){_GAP}7|[78]){_OPEN}[34789]\d\d(?:{_GAP}\d){{7}}"
    rf"|[3489]\d\d(?:{_GAP}\d){{7}}"
    # neighbours' numbers are often written without the plus
    rf"|(?:37[345]|380|99[2-68]){_OPEN}\d\d(?:{_GAP}\d){{6,7}}"
    rf"|00[1-9]\d(?:{_GAP}\d){{6,12}}"
    rf"|\d{{3}}[-\u2010-\u2015]\d\d[-\u2010-\u2015]\d\d"
    rf")(?!\d)"
    rf"|(?:\+|%2B){_OPEN}[1-9](?:{_OPEN}\d){{7,14}}(?!\d)",
    re.I,
)
_AMOUNT = re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{3}){3,}|\d+\.\d{1,2}")


def redact(text: str) -> str:
    """``text`` with every secret, e-mail and phone replaced by a mark. Safe to apply twice."""
    kept: list[str] = []

    def set_aside(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"\ue000{len(kept) - 1}\ue001"

    # The marks of things set aside must be ours alone.
    text = text.replace("\ue000", "").replace("\ue001", "")
    # Secrets with a context come first: a password may look like a date or hold an @.
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    text = _EMAIL.sub(EMAIL, text)
    text = _FIGURES.sub(set_aside, text)
    text = _KNOWN_PREFIX.sub(SECRET, text)
    text = _OPAQUE.sub(_judge_opaque, text)
    text = _PHONE.sub(_judge_phone, text)
    return _SET_ASIDE.sub(lambda match: kept[int(match.group(1))], text)


def redact_first_line(error: BaseException | str, limit: int = 240) -> str:
    """The first non-empty line of an error, redacted, at most ``limit`` characters.

    The whole text is redacted before it is cut: half a token would no longer look like one.
    """
    text = str(error)
    if len(text) > LONGEST_READ:
        # Whatever the cut may have halved is dropped: a token has no spaces, a phone is short.
        text = re.sub(r"\S*\Z", "", text[:LONGEST_READ])[:-50]
    lines = redact(text).strip().splitlines()
    line = lines[0].strip() if lines else ""
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _judge_opaque(match: re.Match[str]) -> str:
    """Tell a generated key from a long identifier such as a table's name."""
    word = match.group()
    has_digit = any(c.isdigit() for c in word)
    has_lower = any(c.islower() for c in word)
    has_upper = any(c.isupper() for c in word)
    longest = max(re.split(r"[_-]+", word), key=len)
    is_mixed = len(word) >= 24 and has_digit and has_lower and has_upper
    is_run = (
        len(longest) >= 20
        and any(c.isdigit() for c in longest)
        and any(c.isalpha() for c in longest)
    )
    return SECRET if is_mixed or is_run else word


def _judge_phone(match: re.Match[str]) -> str:
    """Leave amounts alone: digits grouped by thousands, or with kopecks, are no one's number."""
    text = match.group()
    return text if _AMOUNT.fullmatch(text) else PHONE
