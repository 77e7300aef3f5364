"""Everything that decides a contract diff, gathered before planning. Nothing else is read, and no clock is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from billing_providers.engine.line_terms import TermsTable
from billing_providers.engine.mapping import CustomerMap, ServiceMap
from billing_providers.engine.movement import MovementTable
from billing_providers.engine.seen_usage import Pair, YoungUsage
from billing_providers.model.changes import ManagedLine
from billing_providers.model.charges import ChargeSet
from billing_providers.model.findings import FindingVoice
from billing_providers.model.journal import DatedWrite, JournalEntry
from billing_providers.model.psa import Contract, ContractLine, PsaCapabilities, PsaDirectory, Service
from billing_providers.model.runs import RunScope
from billing_providers.model.settings import IntegrationSettings
from billing_providers.model.usage import UsageSnapshot

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class PlanInputs:
    """The inputs of one plan.

    :param charges: frame of :class:`~billing_providers.model.charges.ChargeLine`.
    :param reported_customers: code → name of every customer in the snapshot, also those without charge lines.
    :param lines: live contract lines, or their frame; empty until they are read.
    :param managed: the register of this integration and tenant.
    :param recent_record_counts: record counts of recent closed periods, for the guard.
    :param dated_writes: what earlier runs wrote from which day on, where the PSA takes one change per line and day.
    :param undone_before: keys of the runs that undid something of the period: what is planned after one is another diff
        than what was planned before, though every line stands as it did.
    :param movement: when each SKU's quantity reaches its line; without rows: every SKU in every run.
    :param young: in a period that is still open, what the source has not shown for long enough.
    :param seen_on: the local date on which the source first showed what it shows now, by customer and SKU.
    :param standing: what was written to lines of this integration for this period and later ones, in order; read where
        a table says what moves when.
    :param only_lines: line ids and change ids to which the changes are restricted; None: no restriction.
    """

    scope: RunScope
    settings: IntegrationSettings
    snapshot: UsageSnapshot
    charge_set: ChargeSet
    charges: pd.DataFrame
    reported_customers: Mapping[str, str]
    directory: PsaDirectory
    lines: Sequence[ContractLine] | pd.DataFrame
    managed: Sequence[ManagedLine]
    customer_map: CustomerMap
    service_map: ServiceMap
    capabilities: PsaCapabilities
    recent_record_counts: Sequence[int]
    only_lines: frozenset[str] | None
    voice: FindingVoice
    psa: str
    tool_version: str
    line_terms: TermsTable = field(default_factory=TermsTable.empty)
    dated_writes: Sequence[DatedWrite] = ()
    movement: MovementTable = field(default_factory=MovementTable.empty)
    young: YoungUsage = field(default_factory=YoungUsage)
    seen_on: Mapping[Pair, date] = field(default_factory=dict)
    standing: Sequence[JournalEntry] = ()
    undone_before: Sequence[str] = ()

    def with_lines(self, lines: Sequence[ContractLine] | pd.DataFrame) -> PlanInputs:
        """Return the inputs with the live lines that were read for :func:`~.planner.lines_wanted`."""
        return dataclasses.replace(self, lines=lines)

    @property
    def in_period(self) -> bool:
        """Whether changes are carried inside the period, which is still open, because a table says what moves when."""
        return bool(self.movement.rows) and self.scope.in_period

    @property
    def places(self) -> int:
        """Decimal places of a billed quantity."""
        return 0 if self.capabilities.whole_units else self.settings.policy.places


@dataclass(frozen=True, slots=True)
class LinesWanted:
    """Contracts whose lines must be read, and the services that bound the look-up where only a service lists them."""

    contracts: tuple[Contract, ...]
    services: tuple[Service, ...]
