"""Great Expectations' own expectations, asking the engine for counts and for nothing else.

As they come, each also fetches samples of what it did not expect: one more query a check (a second
run of a whole unexpected-rows query), and values of rows in this process, which may hold phones.
Import this inside functions: Great Expectations costs seconds.
"""

from __future__ import annotations

from typing import Any

import great_expectations.expectations as gxe
from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

SAMPLES = ".unexpected_values"
"""Ending of the metric that fetches samples; the counts do not depend on it."""


class _WrittenOnce:
    """Mixed into every expectation here, which lends it ``_written`` to keep.

    Great Expectations asks an expectation some seventy times for its configuration, which is
    written out anew each time: a fifth of what an audit costs this process.
    """

    @property
    def configuration(self) -> ExpectationConfiguration:
        """The same object until the expectation is given its id."""
        if self._written is None or self._written.id != self.id:  # type: ignore[has-type]
            self._written = super().configuration  # type: ignore[misc]
        return self._written


class _CountsOnly(_WrittenOnce):
    """Mixed into an expectation about the values of one column."""

    def get_validation_dependencies(self, *arguments: Any, **named: Any) -> Any:
        """What Great Expectations would compute, without the samples."""
        wanted = super().get_validation_dependencies(*arguments, **named)  # type: ignore[misc]
        for name in wanted.get_metric_names():
            if name.endswith(SAMPLES):
                wanted.remove_metric_configuration(name)
        return wanted


class ExpectCountedNotNull(_CountsOnly, gxe.ExpectColumnValuesToNotBeNull):
    """No value is missing."""

    _written: Any = PrivateAttr(None)


class ExpectCountedUnique(_CountsOnly, gxe.ExpectColumnValuesToBeUnique):
    """No value occurs twice."""

    _written: Any = PrivateAttr(None)


class ExpectCountedBetween(_CountsOnly, gxe.ExpectColumnValuesToBeBetween):
    """Every value lies in the closed interval."""

    _written: Any = PrivateAttr(None)


class ExpectCountedInSet(_CountsOnly, gxe.ExpectColumnValuesToBeInSet):
    """Every value is one of those listed."""

    _written: Any = PrivateAttr(None)


class ExpectCountedMatch(_CountsOnly, gxe.ExpectColumnValuesToMatchRegex):
    """Every value matches the pattern."""

    _written: Any = PrivateAttr(None)


class ExpectRowCountBetween(_WrittenOnce, gxe.ExpectTableRowCountToBeBetween):
    """The table has a number of rows in the closed interval."""

    _written: Any = PrivateAttr(None)


class ExpectNoRows(_WrittenOnce, gxe.UnexpectedRowsExpectation):
    """The query finds nothing; its rows are counted where they are and never fetched."""

    _written: Any = PrivateAttr(None)

    metric_dependencies = ("unexpected_rows_query.row_count",)

    def _validate(
        self, metrics: dict, runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        found = metrics["unexpected_rows_query.row_count"]
        return {"success": found == 0, "result": {"observed_value": found}}
