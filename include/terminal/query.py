"""Streams the answer to one statement as TSV with a header; NULL is ``\\N``."""

from __future__ import annotations

import re
from typing import BinaryIO

from clickhouse_connect.driver.client import Client

_OWN_FORMAT = re.compile(r"\bformat\s+\w+\s*$", re.IGNORECASE)
_CHUNK = 1 << 16


class EmptyQuery(Exception):
    """There was nothing to ask."""


def write_answer(client: Client, sql: str, out: BinaryIO) -> None:
    """Write the answer to ``out``; a statement's own ``format`` is kept.

    Raises :class:`EmptyQuery`, and the driver's errors with ClickHouse's words.
    """
    statement = sql.strip().rstrip(";").rstrip()
    if not statement:
        raise EmptyQuery('there is no statement: make query SQL="select 1"')
    chosen = None if _OWN_FORMAT.search(statement) else "TabSeparatedWithNames"
    stream = client.raw_stream(statement, fmt=chosen)
    try:
        while chunk := stream.read(_CHUNK):
            out.write(chunk)
    finally:
        stream.close()
    out.flush()
