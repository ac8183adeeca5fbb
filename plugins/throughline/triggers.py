"""Waits for a vendor in the triggerer, so that no worker slot is held while a report is prepared.

Only names and the vendor's tokens are stored; credentials are read where they are used.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.connectors.protocol import Account, ConnectorError, Ready, Wait
from include.ingestion.sources import find_connector
from throughline.accounts import require_account, with_credentials_async
from throughline.hosts import make_polling_host

SHORTEST_LOOK_SECONDS = 2.0
"""Airflow may take a task woken within one round of its scheduler for a failed one."""
LONGEST_LOOK_SECONDS = 60.0
"""Between two looks at the vendor, whatever it suggests: it may be done early."""
LONGEST_WAIT_SECONDS = 1800.0
"""Then the task itself looks again; a lost token is noticed there."""

log = logging.getLogger(__name__)


class VendorReady(BaseTrigger):
    """Fires when one of ``tokens`` is ready, on an error, or after the longest wait."""

    def __init__(
        self, source: str, account: str, tokens: Sequence[Mapping[str, Any]], seconds: float
    ) -> None:
        super().__init__()
        self.source = source
        self.account = account
        self.tokens = [dict(token) for token in tokens]
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Names and tokens, by which another triggerer goes on."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "source": self.source,
                "account": self.account,
                "tokens": self.tokens,
                "seconds": self.seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look at the vendor until there is a reason to wake the task."""
        yield TriggerEvent({"reason": await self._wait()})

    async def _wait(self) -> str:
        seconds = self.seconds
        waited = 0.0
        while True:
            pause = min(max(seconds, SHORTEST_LOOK_SECONDS), LONGEST_LOOK_SECONDS)
            await asyncio.sleep(pause)
            waited += pause
            if waited >= LONGEST_WAIT_SECONDS:
                return "waited long enough to look again"
            try:
                answers = await self._look()
            except ConnectorError as error:
                # The task asks again itself and so fails, or retries, with the true error.
                log.warning("looking at %s failed: %s", self.source, type(error).__name__)
                return "the vendor answered with an error"
            except Exception as error:  # no connection any more, or a bug: the task tells it
                log.warning("looking at %s failed: %s", self.source, type(error).__name__)
                return "looking at the vendor failed"
            if not answers or any(isinstance(answer, Ready) for answer in answers):
                return "ready"
            seconds = min(answer.seconds for answer in answers)

    async def _look(self) -> list[Any]:
        account = await with_credentials_async(require_account(self.source, self.account))
        # Connectors and their vault are plain blocking code; the triggerer's loop must stay free.
        answers = await asyncio.to_thread(_poll_all, account, self.tokens)
        # A poll may have asked anew for what failed: the next one looks at that.
        self.tokens = [dict(answer.token) for answer in answers]
        return answers


def _poll_all(account: Account, tokens: Sequence[Mapping[str, Any]]) -> list[Ready | Wait]:
    """Each look makes a connector of its own, so that it has the newest token."""
    connector = find_connector(account.source)(
        account, lambda: datetime.now(UTC), make_polling_host(account)
    )
    return [connector.poll(token) for token in tokens]
