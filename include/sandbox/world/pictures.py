"""Draws a world as two SVG pictures: its funnel and its channels.

``python -m include.sandbox.world.pictures docs/pictures`` draws the demo world. The same world
gives the same bytes, so a picture that changed means a world that changed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.generator import make_world
from include.sandbox.world.world import World

WIDTH, LEFT, RIGHT = 760, 190, 120
ROW, BAR, TOP = 34, 20, 64
BLUE, ORANGE, GREEN = "#2b6cb0", "#dd6b20", "#2f855a"
FONT = "font-family='sans-serif'"


@dataclass(frozen=True)
class Bar:
    """One bar: how long it is (0..1), and what is written behind it."""

    length: float
    text: str
    colour: str = BLUE


@dataclass(frozen=True)
class Row:
    """One named line of a picture."""

    name: str
    bars: Sequence[Bar]


def draw_funnel(world: World) -> str:
    """From people's visits to paid deals; bars grow with the logarithm of the number."""
    steps = count_funnel(world)
    longest = math.log10(max(1, *(count for _, count in steps)) + 1)
    rows, before = [], 0
    for name, count in steps:
        share = f" · {100 * count / before:.1f} %" if before else ""
        text = f"{_group(count)}{share}"
        rows.append(Row(name, [Bar(math.log10(count + 1) / longest, text)]))
        before = count
    return _draw(
        f"Funnel of the {world.size} world",
        "Bars are logarithmic; per cent are of the step before.",
        rows,
    )


def draw_channel_mix(touch: pa.Table, channel_effect: pa.Table) -> str:
    """Per true channel: its part of touches, of money spent, and of revenue it really added.

    The arguments are the truth's tables of those names; what took revenue away counts as nothing.
    """
    touches = _count_by(touch, "channel")
    effects = {row["channel"]: row for row in channel_effect.to_pylist()}
    spent = {name: row["cost_micros"] for name, row in effects.items()}
    added = {name: max(row["incremental_revenue_micros"], 0) for name, row in effects.items()}
    names = sorted({*touches, *effects}, key=lambda name: (-touches.get(name, 0), name))
    columns = ((touches, BLUE), (spent, ORANGE), (added, GREEN))
    totals = [max(sum(column.values()), 1) for column, _ in columns]
    shares = {
        name: [
            column.get(name, 0) / total for (column, _), total in zip(columns, totals, strict=True)
        ]
        for name in names
    }
    longest = max(share for of_name in shares.values() for share in of_name)
    rows = [
        Row(
            name.replace("_", " "),
            [
                Bar(share / longest, f"{100 * share:.1f} %", colour)
                for share, (_, colour) in zip(shares[name], columns, strict=True)
            ],
        )
        for name in names
    ]
    return _draw(
        "Channels as they really were",
        "Blue: part of touches. Orange: of money spent. Green: of revenue nobody else would have"
        " brought.",
        rows,
    )


def count_funnel(world: World) -> list[tuple[str, int]]:
    """The steps of the funnel with how many reached each."""
    visits, calls = world.table("visit"), world.table("call")
    deals, stages = world.table("crm_deal"), world.table("crm_stage")
    won = stages.filter(pc.equal(stages["semantics"], "won"))
    stage_keys = ["crm", "pipeline_id", "stage_id"]
    payments = world.table("payment")
    paid = payments.filter(pc.equal(payments["kind"], "payment"))
    enquiries = _count(calls, pc.equal(calls["direction"], "in"))
    return [
        ("Visits of people", _count(visits, pc.invert(visits["is_robot"]))),
        (
            "Calls, forms, chats",
            enquiries + len(world.table("form_request")) + len(world.table("chat")),
        ),
        ("Leads", len(world.table("crm_lead"))),
        ("Deals", len(deals)),
        ("Deals won", len(deals.join(won.select(stage_keys), stage_keys, join_type="left semi"))),
        ("Deals paid", len(paid.group_by(["crm", "deal_id"]).aggregate([]))),
    ]


def _count(table: pa.Table, mask: pa.ChunkedArray) -> int:
    return len(table.filter(mask))


def _count_by(table: pa.Table, column: str) -> dict[str, int]:
    counted = table.group_by(column).aggregate([([], "count_all")])
    return {row[column]: row["count_all"] for row in counted.to_pylist()}


def _group(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


def _draw(title: str, note: str, rows: Sequence[Row]) -> str:
    lines, y = [], TOP
    for row in rows:
        height = BAR if len(row.bars) == 1 else BAR // 2
        middle = y + height * len(row.bars) / 2 + 5
        lines.append(
            f"<text x='{LEFT - 12}' y='{middle:.0f}' {FONT} font-size='14' text-anchor='end'"
            f" fill='#1a202c'>{escape(row.name)}</text>"
        )
        for bar in row.bars:
            length = bar.length * (WIDTH - LEFT - RIGHT)
            size = 13 if height == BAR else 10
            lines.append(
                f"<rect x='{LEFT}' y='{y}' width='{length:.1f}' height='{height - 1}'"
                f" fill='{bar.colour}'/>"
            )
            lines.append(
                f"<text x='{LEFT + length + 6:.1f}' y='{y + height / 2 + size / 3:.1f}' {FONT}"
                f" font-size='{size}' fill='#4a5568'>{escape(bar.text)}</text>"
            )
            y += height
        y += ROW - BAR
    head = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {y}' role='img'>",
        f"<title>{escape(title)}</title>",
        f"<rect width='{WIDTH}' height='{y}' fill='#ffffff'/>",
        f"<text x='16' y='28' {FONT} font-size='17' fill='#1a202c'>{escape(title)}</text>",
        f"<text x='16' y='48' {FONT} font-size='12' fill='#4a5568'>{escape(note)}</text>",
    ]
    return "\n".join([*head, *lines, "</svg>", ""])


def main(argv: list[str]) -> int:
    """Draw the demo world into the folder named; its seed is 1."""
    folder = Path(argv[0])
    world, truth = make_world(1, "demo")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "world_funnel.svg").write_text(draw_funnel(world), "utf-8")
    (folder / "world_channels.svg").write_text(
        draw_channel_mix(truth.table("touch"), truth.table("channel_effect")), "utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
