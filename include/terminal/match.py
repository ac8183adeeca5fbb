"""``match``: who is who among the records of one file, or of two that are linked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from include.identity.match_spec import read_spec
from include.identity.matching import write_clusters
from include.identity.record_files import Unreadable, refuse_overwriting


def match_records(records: str, spec: str, out: str, tell: Callable[[str], None]) -> None:
    """Write each record's cluster to ``out``; raises :class:`Unreadable`."""
    files = [Path(name.strip()) for name in records.split(",") if name.strip()]
    if not files or len(files) > 2 or not spec or not out:
        raise Unreadable("say: make match RECORDS=<one file, or two,linked> SPEC=<yaml> OUT=<csv>")
    refuse_overwriting(Path(out), [*files, Path(spec)])
    count = write_clusters(files, read_spec(Path(spec)), Path(out), tell)
    tell(f"{count:,} clusters written to {out}")
