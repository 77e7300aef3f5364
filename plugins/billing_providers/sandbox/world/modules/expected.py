"""What a right run leaves in Autotask, stated from the world alone: apart from the product and from the twin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world.modules.counts import CountBook
from billing_providers.sandbox.world.modules.records import AtContract, AtTenant, AtUnits
from billing_providers.sandbox.world.modules.stems import ModuleStem
from billing_providers.sandbox.world.modules.tenant import BUNDLE_MARK
from billing_providers.sandbox.world.records import Outcome


@dataclass(frozen=True, slots=True)
class ExpectedUnits:
    """Units in force on a line after a right run.

    :param from_day: the first day on which they are in force.
    :param before: units in force on that day before the first run.
    :param later: days after ``from_day`` from which the line already held another number; they move by the same
        difference. Each with the units after the run.
    """

    from_day: date
    units: int
    before: int
    later: tuple[tuple[date, int], ...] = ()

    @property
    def change(self) -> int:
        """What has to be adjusted, if nothing else was since the beginning."""
        return self.units - self.before


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which statement is wanted.

    :param on: the day that adjustments are dated at; None: the first day of the period.
    :param holds_service: the policy that takes, of several contracts, the one that has a line of the service.
    :param bundles: whether bundle lines are billed too.
    :param suspended: whether suspended devices count.
    """

    on: date | None = None
    holds_service: bool = False
    bundles: bool = False
    suspended: bool = True


USUAL = Wanted()


class Expectation:
    """The statement for one tenant."""

    def __init__(self, tenant: AtTenant, book: CountBook, stems: Iterable[ModuleStem]) -> None:
        contracts = {contract.contract_id: contract for contract in tenant.contracts}
        lines = [(str(line.line_id), line.contract_id) for line in tenant.contract_services]
        lines += [(f"{BUNDLE_MARK}{line.line_id}", line.contract_id) for line in tenant.contract_bundles]
        self._book = book
        self._contract_of = {line: contracts[contract_id] for line, contract_id in lines}
        self._rows_of: dict[str, list[AtUnits]] = defaultdict(list)
        for row in tenant.units:
            self._rows_of[str(row.line_id)].append(row)
        for row in tenant.bundle_units:
            self._rows_of[f"{BUNDLE_MARK}{row.line_id}"].append(row)
        self._groups: dict[tuple[str, ...], list[ModuleStem]] = defaultdict(list)
        for stem in stems:
            if stem.lines:
                self._groups[stem.lines].append(stem)

    def of(self, period: BillingPeriod, outcome: Outcome, wanted: Wanted) -> dict[str, ExpectedUnits]:
        """Return units by line, for lines that come to this outcome and that usage reaches."""
        told: dict[str, ExpectedUnits] = {}
        for lines, stems in self._groups.items():
            line = self._line_in_force(lines, period)
            amounts = self._amounts(stems, period, wanted)
            if line is None or not amounts:
                continue
            found, day = self._outcome(line, stems, wanted.on or period.start, wanted)
            if found is outcome:
                told[line] = self._units(line, day, sum(amounts, Decimal(0)))
        return dict(sorted(told.items()))

    def without_usage(self, period: BillingPeriod, wanted: Wanted) -> list[str]:
        """Return lines that are billed in other months, but for which the modules say nothing in this one."""
        found = []
        for lines, stems in self._groups.items():
            line = self._line_in_force(lines, period)
            if line is None or self._amounts(stems, period, wanted):
                continue
            if self._outcome(line, stems, wanted.on or period.start, wanted)[0] is Outcome.BILLED:
                found.append(line)
        return sorted(found)

    def _amounts(self, stems: list[ModuleStem], period: BillingPeriod, wanted: Wanted) -> list[Decimal]:
        found = [
            self._book.amount(
                stem.customer_code, stem.module, stem.billing_type, period.end, suspended=wanted.suspended
            )
            for stem in stems
        ]
        return [amount for amount in found if amount is not None]

    def _line_in_force(self, lines: tuple[str, ...], period: BillingPeriod) -> str | None:
        """Return the line on the one contract that is in force in the period; None for none and for several."""
        found = [line for line in lines if _in_force(self._contract_of[line], period)]
        return found[0] if len(found) == 1 else None

    def _outcome(self, line: str, stems: list[ModuleStem], on: date, wanted: Wanted) -> tuple[Outcome, date]:
        """Return the outcome, and the first day from ``on`` that the PSA takes."""
        contract = self._contract_of[line]
        day = max(on, contract.start, self._first_unposted_day(line))
        outcomes = {_with_policy(stem, wanted) for stem in stems}
        if Outcome.UNMATCHED in outcomes or day > contract.end:
            return Outcome.UNMATCHED, day
        if Outcome.GUARDED in outcomes or day != on or self._is_prorated(line, day):
            return Outcome.GUARDED, day
        return Outcome.BILLED, day

    def _first_unposted_day(self, line: str) -> date:
        posted = [row.end for row in self._rows_of[line] if row.approved_on and row.end]
        return date.fromordinal(max(posted).toordinal() + 1) if posted else date.min

    def _is_prorated(self, line: str, day: date) -> bool:
        """Whether units change inside of the calendar month that holds a day."""
        changes = [row for row in self._rows_of[line] if row.start.replace(day=1) == day.replace(day=1)]
        starts = [row.start for row in changes if row.start.day > 1 and row.start != self._contract_of[line].start]
        return any(
            self._units_on(line, start) != self._units_on(line, date.fromordinal(start.toordinal() - 1))
            for start in starts
        )

    def _units_on(self, line: str, day: date) -> int:
        """Return the units in force before the first run, on a day of the contract."""
        return max((row for row in self._rows_of[line] if row.start <= day), key=lambda row: row.start).units

    def _units(self, line: str, day: date, total: Decimal) -> ExpectedUnits:
        units = int(total)  # fractional counts are matched with no line
        before = self._units_on(line, day)
        held, later = before, []
        for row in sorted(self._rows_of[line], key=lambda row: row.start):
            if row.start > day and row.units != held:
                later.append((row.start, row.units + units - before))
                held = row.units
        return ExpectedUnits(day, units, before, tuple(later))


def _with_policy(stem: ModuleStem, wanted: Wanted) -> Outcome:
    if (stem.held_by_service and wanted.holds_service) or (stem.bundle and wanted.bundles):
        return Outcome.BILLED
    return stem.outcome


def _in_force(contract: AtContract, period: BillingPeriod) -> bool:
    return contract.start <= period.last_day and contract.end >= period.start
