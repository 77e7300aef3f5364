"""What an answer says about itself, and whether it is whole and about the right period.

A name that is set and not found in the answer counts as not said, which is as bad as no: the read is incomplete.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from billing_providers.hooks.http_source.pages import Page
from billing_providers.hooks.usage_fields import RowFault, day_of, number_of
from billing_providers.model.periods import BillingPeriod


@dataclass(frozen=True, slots=True)
class AnswerChecks:
    """Dotted names in the answer; an empty one is not looked at."""

    complete: str = ""
    record_count: str = ""
    control_total: str = ""
    period_start: str = ""
    period_end: str = ""
    end_is_last_day: bool = False
    decimal_comma: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are looked for."""
        held = (self.complete, self.record_count, self.control_total, self.period_start, self.period_end)
        return tuple(filter(None, held))

    def unfinished(self, page: Page) -> str:
        """Return what a page says against being complete; empty when it says nothing."""
        if self.complete and page.has(self.complete) and page.value(self.complete) is not True:
            return f"the vendor says that the usage is not complete ({self.complete} is {page.value(self.complete)!r})"
        return ""

    def why_incomplete(self, pages: Sequence[Page], row_count: int, period: BillingPeriod) -> Iterator[str]:
        """Yield every sign that rows are missing or are of another period."""
        yield from dict.fromkeys(filter(None, map(self.unfinished, pages)))
        if self.complete and not pages[-1].has(self.complete):
            yield f"the vendor does not say that the usage is complete (there is no {self.complete})"
        if self.record_count:
            stated = {page.whole(self.record_count) for page in pages if page.has(self.record_count)}
            if stated != {row_count}:
                told = ", ".join(sorted(map(str, stated))) or "nothing"
                yield f"{self.record_count} says {told}, {row_count} rows came"
        shift = timedelta(days=1 if self.end_is_last_day else 0)
        yield from self._of_other_period(pages, self.period_start, period.start)
        yield from self._of_other_period(pages, self.period_end, period.end - shift)

    def total(self, pages: Sequence[Page]) -> tuple[Decimal | None, list[str]]:
        """Return the stated sum of all quantities, or why there is none."""
        if not self.control_total:
            return None, []
        said = [page.value(self.control_total) for page in pages if page.has(self.control_total)]
        try:
            totals = {number_of(value, self.control_total, decimal_comma=self.decimal_comma) for value in said}
        except RowFault as fault:
            return None, [f"the control total cannot be read ({fault})"]
        if len(totals) == 1 and None not in totals:
            return totals.pop(), []
        return None, [f"the control total {self.control_total} is {'missing' if not totals else 'not one number'}"]

    def _of_other_period(self, pages: Sequence[Page], name: str, wanted: Any) -> Iterator[str]:
        if not name:
            return
        for page in pages:
            if page is not pages[0] and not page.has(name):
                continue
            try:
                found = day_of(page.value(name), name)
            except RowFault:
                found = None
            if found != wanted:
                yield f"the answer is about another period: {name} is {page.value(name)!r}, expected {wanted}"
                return
