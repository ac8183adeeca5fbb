"""How the tests of the files source read bytes: through a mapping's text, without a folder."""

from __future__ import annotations

import io
from dataclasses import dataclass

from include.connectors.files.file_reader import read_file
from include.connectors.files.mapping import FileMapping, parse_mapping
from include.connectors.protocol import Rejected

LEADS = """
entity: lead
files: "*.*"
time_zone: Europe/Moscow
columns:
  lead_id: id
  created_at: {column: created, optional: true}
  person_name: {column: name, optional: true}
keep_extra: all
"""


@dataclass(frozen=True)
class Answer:
    """All rows of a file as dicts, and all rejected records."""

    rows: list[dict]
    rejected: list[Rejected]

    @property
    def codes(self) -> list[tuple[int, str]]:
        """Line and reason code of each rejected record, by line."""
        return sorted((item.line_number, item.reason_code) for item in self.rejected)

    def column(self, name: str) -> list:
        """One column of the rows."""
        return [row[name] for row in self.rows]


def read_bytes(data: bytes, mapping: str | FileMapping = LEADS, name: str = "a.csv") -> Answer:
    """Read a file's bytes as the connector does."""
    if isinstance(mapping, str):
        mapping = parse_mapping(mapping, "m.yaml", "m")
    rows: list[dict] = []
    rejected: list[Rejected] = []
    for batch in read_file(io.BytesIO(data), name, mapping, "acc"):
        if batch.rows is not None:
            assert batch.rows.schema == mapping.entity.schema
            batch.rows.validate(full=True)
            rows += batch.rows.to_pylist()
        rejected += batch.rejected
    return Answer(rows, rejected)


def read_text(text: str, mapping: str | FileMapping = LEADS, name: str = "a.csv") -> Answer:
    """Read UTF-8 text as the connector does."""
    return read_bytes(text.encode(), mapping, name)
