"""The ``/_control`` endpoints: whoever plays the vendors sets the clock and plants faults.

``GET  /_control/state``   clock, planted faults, knobs
``POST /_control/clock``   ``{"now": ISO, "factor": 60, "frozen": true, "advance_seconds": 3600}``
``POST /_control/faults``  ``{"kind": …, "vendor": …, "path_contains": …, "count": 1, …}``
                           (other keys are its values); ``DELETE`` removes all
``POST /_control/knobs``   ``{"yandex_direct.rows_per_day": 1000}``
``POST /_control/reset``   faults, knobs and vendor state back to the beginning; the clock stays
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage

FAULT_KEYS = ("kind", "vendor", "path_contains", "count", "skip")


def make_control_routes(stage: Stage, reset_vendors: Callable[[], None]) -> Sequence[Route]:
    """Routes that change ``stage``; ``reset_vendors`` is called by the reset endpoint."""
    first_knobs = dict(stage.knobs)

    def describe() -> dict[str, Any]:
        clock = stage.clock
        return {
            "now": clock.now().isoformat(),
            "elapsed_seconds": clock.elapsed(),
            "factor": clock.factor,
            "faults": [asdict(fault) for fault in stage.faults.list()],
            "knobs": stage.knobs,
        }

    async def show_state(_: Request) -> Response:
        return JSONResponse(describe())

    async def change_clock(request: Request) -> Response:
        wanted = await request.json()
        try:
            stage.clock.set(
                now=datetime.fromisoformat(wanted["now"]) if wanted.get("now") else None,
                factor=wanted.get("factor"),
                frozen=wanted.get("frozen"),
            )
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        stage.clock.advance(float(wanted.get("advance_seconds", 0)))
        return JSONResponse(describe())

    async def change_faults(request: Request) -> Response:
        if request.method == "DELETE":
            stage.faults.clear()
            return JSONResponse(describe())
        wanted = await request.json()
        if not wanted.get("kind"):
            return JSONResponse({"error": "a fault needs a kind"}, status_code=400)
        values = {key: value for key, value in wanted.items() if key not in FAULT_KEYS}
        known = {key: wanted[key] for key in FAULT_KEYS if key in wanted}
        stage.faults.plant(Fault(**known, values=values))
        return JSONResponse(describe())

    async def change_knobs(request: Request) -> Response:
        stage.knobs.update(await request.json())
        return JSONResponse(describe())

    async def reset(_: Request) -> Response:
        stage.faults.clear()
        stage.knobs.clear()
        stage.knobs.update(first_knobs)
        reset_vendors()
        return JSONResponse(describe())

    return [
        Route("/_control/state", show_state, methods=["GET"]),
        Route("/_control/clock", change_clock, methods=["POST"]),
        Route("/_control/faults", change_faults, methods=["POST", "DELETE"]),
        Route("/_control/knobs", change_knobs, methods=["POST"]),
        Route("/_control/reset", reset, methods=["POST"]),
    ]
