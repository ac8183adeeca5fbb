"""The situations every connector is put into; a case says how each looks at its vendor."""

from __future__ import annotations

PLAIN = "several ordinary days or entities"
MANY_PAGES = "more rows than one page holds, the last page short"
FULL_LAST_PAGE = "exactly as many rows as fill the last page"
EMPTY_DAY = "a day or span without a row between others"
NOTHING_AT_ALL = "an account without any row"
UNICODE = "names with emoji, quotes, tabs, newlines and control characters"
HUGE_NUMBER = "figures and ids beyond 32 bits"
ZONE_EDGE = "rows just before and just after midnight of the account's day"
DST = "rows around a change of clocks in the account's zone"
CURRENCY = "an account in another currency than the rouble"
VAT = "figures whose VAT basis must be stated"
RESTATED = "a figure of an old day or entity changed after it was read"
LATE_ROW = "a row of an earlier day or instant appearing after it was read"
DELETED = "an entity deleted after it was read"
MERGED = "two entities merged after they were read"
UNKNOWN_FIELD = "a field nobody has declared"
UNKNOWN_VALUE = "an enum value nobody has declared"
MISSING_FIELD = "a declared field that is no longer sent"
WRONG_TYPE = "one row with a value of the wrong type"
DUPLICATE_PAGE = "rows sent on two pages because data moved while paging"
ERROR_IN_200 = "an error inside HTTP 200"
QUOTA = "the vendor's own way to say: too many requests"
EXPIRED_TOKEN = "an access token that expired"
ROTATED_TOKEN = "a refresh token that is exchanged for a new one"
ZERO_ROWS = "an empty success where rows are due"
CLOCK_SKEW = "a vendor whose clock runs some minutes behind or ahead of ours"

SITUATIONS = tuple(
    value for name, value in sorted(globals().items()) if name.isupper() and name != "SITUATIONS"
)
