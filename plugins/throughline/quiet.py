"""Holds a build back until no slice has been published for a while.

Sources finish one after another, each with an event of its own; building after the last of them
saves all builds but one. A source that never falls silent is not waited for longer than the cap.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import BaseOperator, Context

from include.settings import read_settings
from include.warehouse.changed_slices import seconds_until_quiet
from throughline.warehouse import open_workshop

LONGEST = timedelta(minutes=20)
SHORT_SECONDS = 10.0
"""So little is waited for in place: Airflow may take a task that is deferred and woken again within
one round of its scheduler for a failed one."""


class WaitForQuiet(BaseOperator):
    """Ends when the slice log has been quiet for the configured debounce, or after the cap."""

    def execute(self, context: Context) -> None:
        """Look, and wait in the triggerer when it is not quiet yet."""
        self._look(datetime.now(UTC))

    def look_again(self, context: Context, event: Any, waiting_since: str) -> None:
        """Called by the trigger."""
        self._look(datetime.fromisoformat(waiting_since))

    def _look(self, waiting_since: datetime) -> None:
        while (seconds := self._missing_seconds()) > 0:
            now = datetime.now(UTC)
            if now - waiting_since >= LONGEST:
                self.log.info("still not quiet after %s; building what is there", LONGEST)
                return
            if seconds <= SHORT_SECONDS:
                time.sleep(seconds)
                continue
            self.defer(
                trigger=DateTimeTrigger(moment=now + timedelta(seconds=seconds)),
                method_name=self.look_again.__name__,
                kwargs={"waiting_since": waiting_since.isoformat()},
            )

    def _missing_seconds(self) -> float:
        with open_workshop(self.log.info) as shop:
            return seconds_until_quiet(shop.client, read_settings().build_debounce_seconds)
