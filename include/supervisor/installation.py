"""What every command of the supervisor is told: where state lives, which ports, whom to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from include.supervisor.progress import Progress


@dataclass(frozen=True)
class Installation:
    """One checkout with its home. The ports are those of ``make up``; a demo takes free ones."""

    home: Path
    project: Path
    inherited: Mapping[str, str] = field(repr=False)
    clickhouse_port: int
    airflow_port: int
    progress: Progress
