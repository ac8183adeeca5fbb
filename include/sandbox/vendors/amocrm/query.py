"""Query strings as PHP reads them: ``filter[updated_at][from]=1`` is a tree.

Clients spell lists in several ways (``filter[id]=1,2``, ``filter[id][]=1``, ``filter[id][0]=1``)
and ranges too (``filter[created_at]=from,to`` or ``[from]``/``[to]``): all are read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from include.sandbox.vendors.amocrm.errors import refuse_parameter

Tree = dict[str, Any]
KEY = re.compile(r"\[([^\]]*)\]")
LONGEST_PAGE = 250


def read_query(pairs: Iterable[tuple[str, str]]) -> Tree:
    """The pairs as a tree of dicts; ``a[]`` gets the next free index."""
    tree: Tree = {}
    for name, value in pairs:
        head, bracket, _ = name.partition("[")
        path = [head, *KEY.findall(name[len(head) :])] if bracket else [head]
        node = tree
        for depth, part in enumerate(path):
            key = part if part or depth == 0 else str(len(node))
            if depth == len(path) - 1:
                node[key] = value
            else:
                below = node.get(key)
                if not isinstance(below, dict):
                    below = node[key] = {}
                node = below
    return tree


def read_list(node: Any) -> list[str]:
    """The values of a list in any of its spellings; empty where there is none."""
    if node is None:
        return []
    if isinstance(node, dict):
        return [text for below in node.values() for text in read_list(below)]
    return [part.strip() for part in str(node).split(",") if part.strip()]


def read_ids(node: Any, path: str) -> set[int]:
    """A list of integers; 400 for anything else."""
    return {read_integer(text, path) for text in read_list(node)}


def read_integer(text: str, path: str) -> int:
    """An integer; 400 for anything else."""
    try:
        return int(text)
    except ValueError:
        raise refuse_parameter(path, f"Value of {path} must be an integer") from None


def read_range(node: Any, path: str) -> tuple[int | None, int | None]:
    """Both ends, each inclusive or None; one bare number is where the range begins."""
    if isinstance(node, dict) and ("from" in node or "to" in node):
        ends = [str(node.get("from", "")), str(node.get("to", ""))]
    else:
        ends = [*read_list(node), "", ""][:2]
    low, high = (read_integer(end, path) if end.strip() else None for end in ends)
    return low, high


def read_page(tree: Tree, default: int = 50) -> tuple[int, int]:
    """``page`` and ``limit``; 400 unless page ≥ 1 and 1 ≤ limit ≤ 250."""
    page = read_integer(str(tree.get("page", 1)), "page")
    limit = read_integer(str(tree.get("limit", default)), "limit")
    if page < 1:
        raise refuse_parameter("page", "page must be greater than 0")
    if not 1 <= limit <= LONGEST_PAGE:
        raise refuse_parameter("limit", f"limit must be between 1 and {LONGEST_PAGE}")
    return page, limit


def read_with(tree: Tree) -> set[str]:
    """The names of ``with``."""
    return set(read_list(tree.get("with")))


def read_flag(node: Any) -> bool:
    """A boolean in any of its spellings."""
    return str(next(iter(read_list(node)), "")).lower() in ("1", "true")
