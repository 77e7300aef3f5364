"""From which day a quantity holds: one day for the whole run, or a day for each line where the PSA dates quantities."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.model.policy import EffectiveDateRule
from billing_providers.model.psa import Days, UnitPeriod


@dataclass(frozen=True, slots=True)
class LineDates:
    """The days of one run, for higher (``up``) and lower quantities; None: told by each line's own schedule."""

    period_start: date
    next_start: date
    up: date | None
    down: date | None

    def of_increase(self, schedule: Sequence[UnitPeriod]) -> date:
        """Return the day from which a higher quantity holds."""
        return self.up or self._first_unposted(schedule)

    def of_decrease(self, schedule: Sequence[UnitPeriod]) -> date:
        """Return the day from which a lower quantity holds."""
        return self.down or self._first_unposted(schedule)

    def _first_unposted(self, schedule: Sequence[UnitPeriod]) -> date:
        starts = (row.start for row in schedule if not row.posted and row.start >= self.period_start)
        return next(starts, self.next_start)


def effective_date(inputs: PlanInputs) -> date:
    """Return the day that is sent with every quantity where the PSA does not date them."""
    return _day(_rule(inputs), inputs) or inputs.scope.period.end


def day_of_change(inputs: PlanInputs, customer_codes: Collection[str], skus: Collection[str]) -> date:
    """Return the day that is sent with one quantity: where it was seen inside an open period, the latest such day."""
    seen = [day for code in customer_codes for sku in skus if (day := inputs.seen_on.get((code, sku))) is not None]
    return max(seen, default=effective_date(inputs))


def line_dates(inputs: PlanInputs) -> LineDates | None:
    """Return the days of a run whose PSA dates quantities; None for every other PSA."""
    if not inputs.capabilities.dates_quantities:
        return None
    policy, period = inputs.settings.policy, inputs.scope.period
    up = _day(policy.increase_date or _rule(inputs), inputs)
    down = _day(policy.decrease_date or _rule(inputs), inputs)
    return LineDates(period.start, period.end, up, down)


def days_wanted(inputs: PlanInputs) -> Days:
    """Return the days on which the quantities of lines must be known."""
    period = inputs.scope.period
    today = [inputs.scope.as_of] if EffectiveDateRule.TODAY in _rules(inputs) else []
    return Days(min([period.start, *today]), max([period.end, *today]))


def units_at(schedule: Sequence[UnitPeriod], day: date) -> Decimal | None:
    """Return the units in force on a day, or those of the last row before it; None before the first row."""
    held = [row.units for row in schedule if row.start <= day]
    return held[-1] if held else None


def _rules(inputs: PlanInputs) -> set[EffectiveDateRule | None]:
    policy = inputs.settings.policy
    return {_rule(inputs), policy.increase_date, policy.decrease_date}


def _rule(inputs: PlanInputs) -> EffectiveDateRule:
    """Inside an open period a change holds at once: from its own day on, or for the whole period."""
    policy = inputs.settings.policy
    if not inputs.in_period:
        return policy.effective_date
    return EffectiveDateRule.TODAY if policy.prorate else EffectiveDateRule.PERIOD_START


def _day(rule: EffectiveDateRule, inputs: PlanInputs) -> date | None:
    """Return the day of a rule, None where each line's own schedule tells it."""
    period = inputs.scope.period
    days = {
        EffectiveDateRule.PERIOD_START: period.start,
        EffectiveDateRule.PERIOD_LAST_DAY: period.last_day,
        EffectiveDateRule.NEXT_PERIOD_START: period.end,
        EffectiveDateRule.TODAY: inputs.scope.as_of,
    }
    return days.get(rule)
