"""``components``: connected components of a file of edges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from include.identity.component_changes import write_changes
from include.identity.components import write_components
from include.identity.record_files import Unreadable, refuse_overwriting


def find_components(
    edges: str, out: str, max_degree: str, tell: Callable[[str], None], since: str = ""
) -> None:
    """Write each node's component to ``out``; empty text is an option not given.

    With ``since``, a former answer, only what new ``edges`` bring or move is written.

    Raises :class:`Unreadable` for anything wrong with what was typed or with the file.
    """
    if not edges or not out:
        raise Unreadable("say both files: make components EDGES=<csv or parquet of a,b> OUT=<csv>")
    limit = None
    if max_degree:
        if not (max_degree.isascii() and max_degree.isdigit() and 0 < int(max_degree) < 2**63):
            raise Unreadable(f"MAX_DEGREE={max_degree}: a whole number above 0 is wanted")
        limit = int(max_degree)
    if since and limit:
        raise Unreadable(
            "MAX_DEGREE counts the neighbours among all edges, and SINCE is given the new ones"
            " alone: find the components of all edges without SINCE"
        )
    refuse_overwriting(Path(out), [Path(name) for name in (edges, since) if name])
    if since:
        count = write_changes(Path(edges), Path(since), Path(out), tell)
        tell(f"{count:,} nodes that are new or have moved written to {out}")
        return
    count = write_components(Path(edges), Path(out), limit, tell)
    tell(f"{count:,} nodes written to {out}")
