"""``python -m include.ingestion.sources_page``: writes docs/sources.md.

The tables come from each connector's profile and resources, the text above them is its module's
own description, which lists its options.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping

from include.connectors.protocol import Connector, Resource, SourceProfile
from include.ingestion.sources import discover_connectors
from include.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "sources.md"
_HEADINGS = (
    "resource",
    "grain",
    "time zone",
    "currency",
    "VAT",
    "restatement",
    "personal data",
)
_INTRODUCTION = """\
# Sources

What each source speaks, whose days it counts, in which money, and how long it changes its mind.
Made from what the connectors declare by `python -m include.ingestion.sources_page`; columns and
units are in [tables.md](tables.md), how to add one is in [add_a_source.md](add_a_source.md), and
`make check-source NAME=<source>/<account>` tries an account's credentials.
"""


def render(connectors: Mapping[str, type[Connector]]) -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    parts.append(
        _table(
            ("source", "platform", "speaks", "limits kept to"),
            [
                (f"[{name}](#{name})", c.profile.title, c.profile.api, _tell_limits(c.profile))
                for name, c in connectors.items()
            ],
        )
    )
    parts += [_section(name, connector) for name, connector in connectors.items()]
    return "\n".join(parts)


def _tell_limits(profile: SourceProfile) -> str:
    """What is kept to, and which accounts spend it together."""
    shared = sorted(set(profile.counted_by.values()))
    told = f"; accounts of one {' or '.join(shared)} share it" if shared else ""
    return f"{profile.limits}{told}"


def _section(name: str, connector: type[Connector]) -> str:
    rows = [_resource_row(resource) for resource in connector.resources.values()]
    credentials = [
        f"* `{field}`: {meaning}" for field, meaning in connector.profile.credentials.items()
    ]
    text = inspect.getdoc(inspect.getmodule(connector)) or ""
    lines = [
        f"## {name}",
        "",
        re.sub(r"``([^`]*)``", r"`\1`", re.sub(r":\w+:`~?([^`]*)`", r"`\1`", text)),
        "",
        _table(_HEADINGS, rows),
        "Credentials, in the account's Airflow connection:" if credentials else "No credentials.",
        "",
        *credentials,
        *([""] if credentials else []),
    ]
    return "\n".join(lines)


def _resource_row(resource: Resource) -> tuple[str, ...]:
    facts = resource.facts
    if facts is None:
        return (f"`{resource.name}`", *[""] * (len(_HEADINGS) - 1))
    return (
        f"`{resource.name}`",
        facts.grain,
        facts.time_zone,
        facts.currency,
        facts.vat,
        facts.restatement,
        facts.personal_data,
    )


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    cells = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([*cells, ""])


def main() -> int:
    """Write the page."""
    PAGE.write_text(render(discover_connectors()), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
