"""Reads a how-to as its reader would: a file's name in backticks, then the file."""

from __future__ import annotations

import re
from pathlib import Path

_FILE = re.compile(r"^`([\w./-]+\.\w+)`[^\n]*\n\n```\w*\n(.*?)^```$", re.M | re.S)


def write_files_of(document: Path, project: Path) -> list[Path]:
    """Write every file the document shows below ``project``; return their relative paths."""
    written = []
    for name, content in _FILE.findall(document.read_text(encoding="utf-8")):
        path = project / name
        assert not path.exists(), f"{document.name} says {name} is new, but it is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        written.append(Path(name))
    return written
