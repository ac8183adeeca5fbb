"""The steps of a build as tasks call them: each opens the warehouse, does one step, closes it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.quality.validation import QualityFailed
from include.warehouse import build
from include.warehouse.build_log import BuildNotActive
from throughline.warehouse import open_workshop

log = logging.getLogger(__name__)

FINAL = (
    BuildNotActive,
    QualityFailed,
    build.IdentityKeyMissing,
    build.InputsMoved,
    build.Unaudited,
)
"""The build is closed with these: only a new one helps, so the task is not tried again."""


def pin_or_skip(owner: str, *, is_full: bool = False) -> str:
    """Finish interrupted publications, then pin; skips when the published build is still true.

    ``is_full`` skips nothing, and makes every table whole.
    """
    with open_workshop(log.info) as shop, _without_retries():
        for finished in build.recover_publications(shop):
            log.info("finished the interrupted publication of build %s", finished)
        if not is_full and not build.is_due(shop):
            raise AirflowSkipException("inputs, SQL and key are those of the published build")
        pin = build.pin(shop, build.new_build_id(datetime.now(UTC)), owner, is_full=is_full)
        log.info("build %s reads as of %s", pin.build_id, pin.as_of)
        return pin.build_id


def build_layer(build_id: str, layer: str) -> list[str]:
    """Build one layer's candidates and return their tables."""
    with open_workshop(log.info) as shop, _without_retries():
        return build.build_layer(shop, build_id, layer)


def audit(build_id: str, layers: Sequence[str]) -> int:
    """Audit the candidates of ``layers``; a failed expectation fails the task without retries."""
    with open_workshop(log.info) as shop, _without_retries():
        return build.audit_layers(shop, build_id, layers)


def publish(build_id: str) -> list[str]:
    """Publish every candidate of the build."""
    with open_workshop(log.info) as shop, _without_retries():
        return build.publish_build(shop, build_id)


@contextlib.contextmanager
def _without_retries() -> Iterator[None]:
    try:
        yield
    except FINAL as error:
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error
