"""Sends one message per root cause through Apprise, to any channel it has a URL for.

An alert never makes things worse: whatever goes wrong here is logged, with the channel's URL cut
down to its scheme because the rest is a secret, and reported in the result; nothing is raised.
A message that could not be delivered is not counted as told, so the next failure tries again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from include.alerts.incident import Incident
from include.alerts.message import Message, write_message
from include.alerts.redaction import redact_first_line

log = logging.getLogger(__name__)

QUIET = timedelta(hours=6)
"""How long further failures of a root cause already told are held back."""
FORGOTTEN_AFTER = timedelta(days=2)
"""Silence, counted from the end of the quiet time, after which a failure is a new outage."""
LOCK_SECONDS = 30.0


@dataclass(frozen=True)
class Delivery:
    """What became of an incident. ``failed`` channels are schemes, never whole URLs."""

    status: Literal["sent", "held_back", "failed", "no_channels"]
    delivered: int = 0
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Told:
    """Memory of one root cause, kept as JSON in the state folder."""

    since: datetime
    told_at: datetime
    repeats: int


def send(
    incident: Incident,
    urls: Sequence[str],
    state_dir: Path,
    *,
    quiet: timedelta = QUIET,
) -> Delivery:
    """Tell ``incident`` to every channel unless its root cause was told within ``quiet``.

    Safe to call from several processes at once. Never raises.
    """
    if not urls:
        log.warning("no alert channel is configured; not told: %s", incident)
        return Delivery("no_channels")
    try:
        return _send_once(incident, urls, state_dir, quiet)
    except OSError as error:
        log.error("alert state in %s is unusable, telling anyway: %s", state_dir, error)
        return _deliver(write_message(incident, incident.occurred_at), urls)


def _send_once(
    incident: Incident, urls: Sequence[str], state_dir: Path, quiet: timedelta
) -> Delivery:
    state_dir.mkdir(parents=True, exist_ok=True)
    state_file = state_dir / f"{incident.root_cause_key}.json"
    lock = FileLock(f"{state_file}.lock", timeout=LOCK_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        log.warning("another process is still telling this cause; it speaks for both")
        return Delivery("held_back")
    try:
        told = _recall(state_file)
        now = incident.occurred_at
        if told is not None and now - told.told_at < quiet:
            _remember(state_file, replace(told, repeats=told.repeats + 1))
            return Delivery("held_back")
        since, repeats = now, 0
        if told is not None and now - told.told_at < quiet + FORGOTTEN_AFTER:
            since, repeats = told.since, told.repeats
        delivery = _deliver(write_message(incident, since, repeats), urls)
        if delivery.delivered:
            _remember(state_file, _Told(since, now, 0))
        return delivery
    finally:
        lock.release()


def _recall(state_file: Path) -> _Told | None:
    try:
        fields = json.loads(state_file.read_text())
        return _Told(
            since=datetime.fromisoformat(fields["since"]),
            told_at=datetime.fromisoformat(fields["told_at"]),
            repeats=int(fields["repeats"]),
        )
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        log.warning("%s is not readable and will be written anew", state_file)
        return None


def _remember(state_file: Path, told: _Told) -> None:
    fresh = state_file.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(told), default=datetime.isoformat))
    fresh.replace(state_file)


def _deliver(message: Message, urls: Sequence[str]) -> Delivery:
    failed: list[str] = []
    for url in urls:
        scheme, separator, _ = url.partition("://")
        scheme = scheme[:20] if separator else "?"
        reason = _post(message, url)
        if reason:
            failed.append(scheme)
            log.error("alert not delivered through %s://…: %s", scheme, reason)
    delivered = len(urls) - len(failed)
    return Delivery("sent" if delivered else "failed", delivered, tuple(failed))


def _post(message: Message, url: str) -> str:
    """Send to one channel; empty when delivered, otherwise why not."""
    # Apprise takes half a second to import: only a failure pays for it.
    import apprise

    try:
        with _silence("apprise", "urllib3.connectionpool"):
            channel = apprise.Apprise()
            if not channel.add(url):
                return "Apprise does not understand this URL"
            if channel.notify(title=message.title, body=message.body):
                return ""
    except Exception as error:  # a plugin's own bug must not mask the failed task
        return f"{type(error).__name__}: {redact_first_line(error)}"
    return "the channel refused it or does not answer"


@contextmanager
def _silence(*loggers: str) -> Iterator[None]:
    """These log whole URLs, tokens included, some even at level ERROR."""
    muted = [logger for name in loggers if not (logger := logging.getLogger(name)).disabled]
    for logger in muted:
        logger.disabled = True
    try:
        yield
    finally:
        for logger in muted:
            logger.disabled = False
