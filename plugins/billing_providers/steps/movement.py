"""What planning must know where a table says what moves when: the table, earlier readings, earlier writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from billing_providers.engine.movement import load_movement_file
from billing_providers.engine.planner import PlanInputs, plan
from billing_providers.engine.rules import BillingRules, apply_rules, load_rules_file
from billing_providers.engine.seen_usage import Figures, Reading, figures_of, first_seen, young_usage
from billing_providers.model.changes import ContractDiff
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger


class Movement:
    """The movement of one run: completes the inputs of its plan, and dates its changes."""

    def __init__(self, step: BillingStep, ledger: Ledger, inputs: PlanInputs) -> None:
        self._step, self._ledger = step, ledger
        self.inputs = self._completed(inputs)

    def plan(self, inputs: PlanInputs) -> ContractDiff:
        """Return the diff; inside an open period a change that is prorated holds from the day on which it was seen."""
        diff = plan(inputs)
        if not inputs.in_period or not inputs.settings.policy.prorate or not diff.changes:
            return diff
        pairs = {(code, sku) for change in diff.changes for code in change.customer_codes for sku in change.skus}
        calendar, period = self._step.settings.calendar, inputs.scope.period
        since = first_seen(self._now(), pairs, self._earlier())
        days = {pair: calendar.local_date(instant) for pair, instant in since.items()}
        seen_on = {pair: min(max(day, period.start), inputs.scope.as_of) for pair, day in days.items()}
        return plan(dataclasses.replace(inputs, seen_on=seen_on))

    def _completed(self, inputs: PlanInputs) -> PlanInputs:
        settings, scope = self._step.settings, inputs.scope
        if not settings.movement:
            return inputs
        inputs = dataclasses.replace(
            inputs,
            movement=load_movement_file(settings.movement),
            standing=self._ledger.journal.standing(scope.tenant, scope.integration, scope.period.start),
        )
        if not inputs.in_period:
            return inputs
        self._figures = self._reader(inputs)
        pulls = self._ledger.snapshots.pulls_of_period(scope.integration, scope.period.start)
        own = next((at for at, pull in enumerate(pulls) if pull.snapshot_id == inputs.snapshot.snapshot_id), None)
        self._pulls = [] if own is None else pulls[own:]
        counts = self._counts_of_days(settings.guards.recent_periods)
        if not self._pulls:  # what was read is not complete: nothing is planned
            return dataclasses.replace(inputs, recent_record_counts=counts)
        young = young_usage(self._now(), self._earlier(), settings.debounce)
        return dataclasses.replace(inputs, young=young, recent_record_counts=counts)

    def _now(self) -> Reading:
        return self._reading(0)

    def _earlier(self) -> Iterator[Reading]:
        """Yield what was read before, the latest first; each snapshot is loaded when it is asked for."""
        return map(self._reading, range(1, len(self._pulls)))

    def _reading(self, number: int) -> Reading:
        pull = self._pulls[number]
        return Reading(pull.taken_at, self._figures(pull.snapshot_id))

    def _reader(self, inputs: PlanInputs) -> Callable[[str], Figures]:
        settings, period, voice = self._step.settings, inputs.scope.period, inputs.voice
        rules = load_rules_file(settings.rules) if settings.rules else BillingRules.none()

        @cache
        def figures(snapshot_id: str) -> Figures:
            _, records = self._ledger.snapshots.load(snapshot_id)
            return figures_of(apply_rules(records, rules, period, voice).charges)

        return figures

    def _counts_of_days(self, days: int) -> list[int]:
        """Return how many records the last pull of each earlier day had, the latest day first."""
        calendar = self._step.settings.calendar
        counts: dict[object, int] = {}
        for pull in self._pulls:
            counts.setdefault(calendar.local_date(pull.taken_at), pull.record_count)
        return list(counts.values())[1 : days + 1]
