"""Single nodes and the lists of campaigns, ad sets and ads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from include.sandbox.vendors.meta_ads.book import HIDDEN, GraphBook, Node, show_account
from include.sandbox.vendors.meta_ads.calls import Call, FieldTree, read_fields
from include.sandbox.vendors.meta_ads.errors import refuse_object, refuse_parameter
from include.sandbox.vendors.meta_ads.filtering import check_filters, names_status, passes
from include.sandbox.vendors.meta_ads.node_fields import OPTIONAL

EDGES = {"campaigns": "campaign", "adsets": "adset", "ads": "ad", "adcreatives": "creative"}
"""Edge → the kind of node it lists."""

PARTS = ("campaign", "adset", "creative")
"""Fields that are nodes themselves: without fields of their own only their id is shown."""

TYPE_NAMES = {
    "campaign": "Campaign",
    "adset": "AdCampaign",
    "ad": "Adgroup",
    "creative": "AdCreative",
    "account": "AdAccount",
}


def project(row: Mapping[str, Any], tree: FieldTree, kind: str) -> dict[str, Any]:
    """The fields asked for, nested ones too; ``id`` always, nothing else where none is asked."""
    shown: dict[str, Any] = {}
    for name, children in tree.items():
        if name not in row:
            if name in OPTIONAL.get(kind, ()):
                continue
            kind_name = TYPE_NAMES.get(kind, "Node")
            raise refuse_parameter(
                f"Tried accessing nonexisting field ({name}) on node type ({kind_name})"
            )
        value = row[name]
        if name in PARTS:
            value = project(value, children, name)
        elif isinstance(value, dict) and children:
            value = {key: value[key] for key in children if key in value}
        if value not in (None, ""):
            shown[name] = value
    return {**shown, "id": row["id"]}


def list_edge(
    call: Call, book: GraphBook, parent_id: str, edge: str, now: datetime
) -> list[dict[str, Any]]:
    """Rows of an edge in order of their ids; archived and deleted ones only where asked for."""
    kind = EDGES[edge]
    filters = check_filters(call.read_json("filtering", []))
    wanted = [str(item) for item in call.read_list("effective_status")]
    tree = read_fields(call.params.get("fields", ""))
    found = []
    for node in book.list_nodes(kind, parent_id, now):
        status = node.row.get("effective_status", node.row["status"])
        if wanted and status not in wanted:
            continue
        if not wanted and not names_status(filters) and status in HIDDEN:
            continue
        if passes(filters, lambda name, of=node: _read(of, name)):
            found.append(node)
    found.sort(key=lambda node: int(node.row["id"]))
    return [project(node.row, tree, kind) for node in found]


def _read(node: Node, name: str) -> Any:
    prefix, dot, rest = name.partition(".")
    if dot and prefix == node.kind:
        return node.row.get(rest)
    if dot and rest == "id":
        return node.row.get(f"{prefix}_id")
    return node.row.get(name)


def show_node(call: Call, book: GraphBook, node_id: str, now: datetime) -> dict[str, Any]:
    """One account, campaign, ad set, ad or creative."""
    tree = read_fields(call.params.get("fields", ""))
    account = book.find_account(node_id)
    if account is not None:
        shown = project(show_account(account, now), tree, "account")
        return shown if tree else shown | {"account_id": account.number}
    node = book.nodes.get(node_id)
    if node is None or node.starts_on > now.astimezone(node.account.zone).date():
        raise refuse_object(node_id)
    return project(node.row, tree, node.kind)


def list_accounts(call: Call, book: GraphBook, now: datetime) -> list[dict[str, Any]]:
    """Every account the token sees."""
    tree = read_fields(call.params.get("fields", "")) or {"account_id": {}}
    return [project(show_account(a, now), tree, "account") for a in book.accounts.values()]
