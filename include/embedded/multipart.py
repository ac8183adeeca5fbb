"""Multipart forms: queries with many parameters, and external data sent as temporary tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

from include.embedded.errors import make_error

_NAME = re.compile(rb'name="([^"]*)"')
_FILE = re.compile(rb'filename="([^"]*)"')
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass
class FilePart:
    """One external table: its rows in ``input_format`` and the columns they have."""

    name: str
    data: bytes
    structure: str = ""
    input_format: str = "TabSeparated"

    def read_description(self, options: dict[str, str]) -> None:
        """Take structure and format from the URL, as ``<name>_structure`` or ``<name>_types``."""
        if not _TABLE.match(self.name):
            raise make_error(36, "BAD_ARGUMENTS", "an external table needs a plain name")
        self.input_format = options.get(f"{self.name}_format", self.input_format)
        self.structure = options.get(f"{self.name}_structure", "")
        if not self.structure and f"{self.name}_types" in options:
            types = options[f"{self.name}_types"].split(",")
            self.structure = ", ".join(f"_{i} {kind}" for i, kind in enumerate(types, 1))
        if not self.structure:
            raise make_error(
                36, "BAD_ARGUMENTS", f"external table {self.name} has no structure and no types"
            )


def read_multipart(content_type: str, body: bytes) -> tuple[dict[str, str], list[FilePart]]:
    """Form fields and file parts of a multipart body."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None:
        raise make_error(36, "BAD_ARGUMENTS", "a multipart request without a boundary")
    fields: dict[str, str] = {}
    files: list[FilePart] = []
    delimiter = b"\r\n--" + match.group(1).encode()
    for part in (b"\r\n" + body).split(delimiter)[1:]:
        head, separator, data = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not separator or name is None:
            continue
        if _FILE.search(head):
            files.append(FilePart(name.group(1).decode(), data))
        else:
            fields[name.group(1).decode()] = data.decode()
    return fields, files
