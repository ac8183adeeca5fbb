"""How failed slices of a run are told: one error that names each, and knows whether to retry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    ConnectorError,
    RequestRefused,
    TemporaryFailure,
)
from include.ingestion.report import Failure, IngestReport, Kind

_LONGEST_LINE = 400


class SlicesFailed(ConnectorError):
    """Some slices failed; ``report`` tells what was published all the same."""

    def __init__(self, message: str, report: IngestReport) -> None:
        super().__init__(message)
        self.report = report


class SlicesFailedForNow(SlicesFailed, TemporaryFailure):
    """At least one failure is worth another try."""


class SlicesDenied(SlicesFailed, AccessDenied):
    """The vendor refuses the account's credentials."""


class SlicesRefused(SlicesFailed, RequestRefused):
    """The vendor calls every failed request wrong."""


class SlicesBadInput(SlicesFailed, BadInput):
    """Every failure is of the operator's files or options."""


_BY_KIND: Mapping[Kind, type[SlicesFailed]] = {
    "denied": SlicesDenied,
    "refused": SlicesRefused,
    "bad input": SlicesBadInput,
    "": SlicesFailed,
}
_KINDS: tuple[tuple[type[ConnectorError], Kind], ...] = (
    (AccessDenied, "denied"),
    (RequestRefused, "refused"),
    (BadInput, "bad input"),
)


def describe_failure(resource: str, key: str, error: Exception) -> Failure:
    """One failure as it may be shown and logged.

    Only errors of this project promise to be free of secrets and values; of any other only the
    class is told, and its text stays in the traceback.
    """
    is_ours = type(error).__module__.startswith("include.")
    lines = str(error).splitlines() if is_ours else []
    text = lines[0][:_LONGEST_LINE] if lines else "see the traceback of this run"
    return Failure(
        resource=resource,
        key=key,
        error_class=type(error).__name__,
        error=text,
        is_temporary=isinstance(error, TemporaryFailure) or not isinstance(error, ConnectorError),
        kind=next((kind for cause, kind in _KINDS if isinstance(error, cause)), ""),
    )


def raise_failures(report: IngestReport, cause: Exception | None) -> NoReturn:
    """Raise the error that fits: denied if any is, else temporary if any is, else like the first.

    It follows from what each failure says of itself, so failures of an earlier call of the same
    run count as those of this one; ``cause`` only gives a traceback.
    """
    failures = report.failures
    published = sum(c.slices_loaded + c.slices_confirmed for c in report.resources.values())
    lines = [
        f"{report.source}/{report.account}: {failures[0]} "
        f"({len(failures)} failed, {published} slices published)",
        *(f"  - {failure}" for failure in failures[1:]),
    ]
    if any(failure.kind == "denied" for failure in failures):
        raise SlicesDenied("\n".join(lines), report) from cause
    if any(failure.is_temporary for failure in failures):
        raise SlicesFailedForNow("\n".join(lines), report) from cause
    raise _BY_KIND[failures[0].kind]("\n".join(lines), report) from cause
