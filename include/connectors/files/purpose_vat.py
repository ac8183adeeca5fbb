"""What the purpose of a payment says about its VAT: ``В т.ч. НДС 22% - 18032.79``, ``Без НДС``.

Russian payment documents have no field for it. Only what stands there is read, nothing is
computed: two different amounts, or one larger than the highest rate allows, say nothing.
"""

from __future__ import annotations

import re
from decimal import Decimal

_NO_VAT = re.compile(
    r"без\s+(?:налога\s*)?\(?\s*НДС|НДС\s*(?:-|–|—|:)?\s*не\s+(?:обл|предусм)|"
    r"не\s+обл\w*\.?\s+НДС|НДС\s*(?:-|–|—|:)?\s*нет",
    re.IGNORECASE,
)
_RATE = r"\(?\s*\d{1,2}(?:[.,]\d)?\s*(?:%|/\s*1\d\d)\s*\)?"
_WITH_RATE = re.compile(rf"НДС\s*{_RATE}", re.IGNORECASE)
_STATED = re.compile(
    rf"НДС\s*(?:{_RATE})?[\s:=,\-–—]*(?:(?:в\s+)?сумм\w\s*)?"
    r"(\d{1,3}(?:[ \u00a0]\d{3})+[.,-]\d{2}|\d+[.,-]\d{2})(?![\d%])",
    re.IGNORECASE,
)
_HIGHEST_SHARE = Decimal(22) / Decimal(122)
_ROUNDING = Decimal("0.01")


def read_vat(purpose: str, amount: Decimal | None) -> tuple[str, str]:
    """VAT basis of the payment and the VAT amount as plain text (empty when none is stated)."""
    stated = {
        Decimal(re.sub(r"[ \u00a0]", "", text[:-3]) + "." + text[-2:])
        for text in _STATED.findall(purpose)
    }
    has_none = bool(_NO_VAT.search(purpose))
    if has_none and not stated:
        return "none", ""
    if has_none or len(stated) > 1:
        return "unknown", ""
    if not stated:
        return ("gross", "") if _WITH_RATE.search(purpose) else ("unknown", "")
    (vat,) = stated
    if amount is None or vat > amount * _HIGHEST_SHARE + _ROUNDING:
        return "unknown", ""
    return "gross", str(vat)
