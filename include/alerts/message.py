"""Turns an incident into a title and a body that fit a phone's screen.

Order matters: what failed, since when, what it breaks, what to do, links. Times are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from include.alerts.incident import Incident

MARTS_SHOWN = 4


@dataclass(frozen=True)
class Message:
    """Plain text, no markup: every channel shows it the same."""

    title: str
    body: str


def write_message(incident: Incident, since: datetime, repeats: int = 0) -> Message:
    """Tell ``incident``, after ``repeats`` failures of the same cause that were held back."""
    subject = incident.source or incident.dag_id
    lines = [
        f"What: {_describe_work(incident)}",
        f"Since: {since:%Y-%m-%d %H:%M} UTC" + _describe_repeats(repeats),
        f"Error: {incident.error_class}: {incident.error_line}",
        f"Stale: {_describe_stale(incident)}",
        f"Do: {incident.cause.action}",
    ]
    if incident.log_url:
        lines.append(f"Log: {incident.log_url}")
    if incident.runbook_url:
        lines.append(f"Runbook: {incident.runbook_url}")
    return Message(title=f"{subject} {incident.cause.headline}", body="\n".join(lines))


def _describe_work(incident: Incident) -> str:
    work = f"{incident.dag_id}.{incident.task_id}"
    if incident.account:
        work += f", account {incident.account}"
    if incident.interval:
        work += f", {incident.interval}"
    return work


def _describe_repeats(repeats: int) -> str:
    if repeats == 0:
        return ""
    return f", {repeats} more failure{'s' if repeats > 1 else ''} of the same cause since told last"


def _describe_stale(incident: Incident) -> str:
    if not incident.source:
        return "every mart stays as last published"
    if not incident.stale:
        return "no published mart is known to read it"
    shown = [
        f"{mart.mart} (complete through {mart.data_through})"
        if mart.data_through
        else f"{mart.mart} (no data from it yet)"
        for mart in incident.stale[:MARTS_SHOWN]
    ]
    rest = len(incident.stale) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
