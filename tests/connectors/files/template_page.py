"""The templates as docs/file_templates.md shows them: section, mapping and example file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from include.connectors.files.mapping import FileMapping, parse_mapping

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "file_templates.md"
MAPPINGS = ROOT / "mappings"
_EXAMPLE = re.compile(r"Example, `([^`]+)`(, cp1251)?:\n\n```\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Template:
    """One section."""

    name: str
    text: str
    file_name: str
    example: str
    """The example file's text, with line feeds."""
    encoding: str

    @property
    def data(self) -> bytes:
        """The example as it would be delivered."""
        return self.spell(self.example)

    @property
    def mapping(self) -> FileMapping:
        """The mapping the section names."""
        path = MAPPINGS / f"{self.name}.yaml"
        return parse_mapping(path.read_text(encoding="utf-8"), str(path), self.name)

    def spell(self, text: str) -> bytes:
        """A text in the encoding of the template, with the line ends of Windows."""
        return text.replace("\n", "\r\n").encode(self.encoding)


def read_templates() -> dict[str, Template]:
    """Every section that names a mapping, by the mapping's name."""
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        name = re.search(r"`mappings/(template_\w+)\.yaml`", section)
        example = _EXAMPLE.search(section)
        assert name and example, section[:60]
        file_name, is_cp1251, text = example.groups()
        encoding = "cp1251" if is_cp1251 else "utf-8"
        found[name.group(1)] = Template(name.group(1), section, file_name, text, encoding)
    return found


TEMPLATES = read_templates()
