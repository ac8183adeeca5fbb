"""The measured build: everything from staging to published marts over what raw holds."""

from __future__ import annotations

import time
from typing import Any

import great_expectations  # noqa: F401 - ten seconds of import that are no part of a build

from include.contracts.reader import read_catalog
from include.settings import PROJECT_ROOT
from include.warehouse import build
from include.warehouse.build_log import own_process
from include.warehouse.client import ClickHouseTarget, connect


def build_everything(target: dict[str, Any]) -> dict[str, Any]:
    """Pin, build, audit and publish; ``remark`` says how long the audit took of it."""
    reach = ClickHouseTarget(**target)
    sql_root = PROJECT_ROOT / "sql"
    with connect(reach) as client:
        shop = build.Workshop(
            client=client,
            target=reach,
            catalog=read_catalog(sql_root),
            sql_root=sql_root,
            business_zone="Europe/Moscow",
            identity_key="bench",
            identity_key_version="bench",
        )
        started = time.perf_counter()
        build.pin(shop, "bench", own_process())
        for layer in build.LAYERS:
            build.build_layer(shop, "bench", layer)
        built = time.perf_counter()
        checks = build.audit_layers(shop, "bench", build.LAYERS)
        audited = time.perf_counter()
        build.publish_build(shop, "bench")
        return {
            "seconds": time.perf_counter() - started,
            "remark": f"{checks} checks took {audited - built:.1f} s",
        }
