"""ClickHouse errors as the HTTP protocol shows them: a code, a name, a status.

The engine reports errors as text (``Code: 60. DB::Exception: … (UNKNOWN_TABLE)``), sometimes
behind a prefix of its Python binding; the text after the prefix is passed on unchanged.
"""

from __future__ import annotations

import re

_CODE = re.compile(r"Code: (\d+)\. ")

_STATUS_BY_CODE = {
    194: 401,
    **dict.fromkeys((192, 193, 497, 512, 516), 403),
    **dict.fromkeys((46, 47, 50, 60, 63, 73, 78, 81, 115, 336, 511), 404),
    **dict.fromkeys((6, 25, 26, 27, 38, 41, 42, 43, 44, 53, 56, 62, 72, 117, 167, 168, 321), 400),
    48: 501,
    159: 408,
    202: 503,
}


class EngineError(Exception):
    """A failed statement: ``code``, symbolic ``name`` and the full ``text`` for the client."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
        match = _CODE.search(text)
        self.code = int(match.group(1)) if match else 1001

    @property
    def status(self) -> int:
        """HTTP status ClickHouse gives with this code; 500 when it has no special one."""
        return _STATUS_BY_CODE.get(self.code, 500)


def make_error(code: int, name: str, message: str) -> EngineError:
    """An error of the front itself, worded as the engine words its own."""
    return EngineError(f"Code: {code}. DB::Exception: {message} ({name})")


def read_engine_error(error: BaseException) -> EngineError:
    """The error the engine meant, without the prefixes its Python binding adds."""
    text = str(error)
    start = text.find("Code: ")
    if start > 0:
        text = text[start:]
    elif start < 0:
        text = f"Code: 1001. DB::Exception: {text or type(error).__name__} (STD_EXCEPTION)"
    return EngineError(text)
