"""Everything that a reconciliation report is made of, gathered before: nothing else is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from billing_providers.engine.line_terms import TermsTable
from billing_providers.model.changes import ContractDiff, ManagedLine
from billing_providers.model.charges import ChargeSet
from billing_providers.model.findings import Finding
from billing_providers.model.journal import JournalEntry
from billing_providers.model.psa import InvoicedLine
from billing_providers.model.runs import Approval, RunScope
from billing_providers.model.seen_lines import SeenLine

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class ReconcileInputs:
    """The inputs of one report.

    :param usage: frame of the usage records, ``outcomes``: what became of each, in the same order.
    :param charges: frame of the charge lines.
    :param states: where each change of the diff stands, by change id.
    :param approval: the latest decision about the diff; None: nobody decided.
    :param seen: the lines that the plan saw, as they were before it.
    :param managed: the register of managed lines.
    :param findings: those of the run.
    :param invoiced: lines of invoices, where they are compared; None: they are not.
    """

    scope: RunScope
    usage: pd.DataFrame
    outcomes: pd.DataFrame
    charges: pd.DataFrame
    charge_set: ChargeSet
    diff: ContractDiff
    states: Mapping[str, JournalEntry]
    seen: Sequence[SeenLine]
    findings: Sequence[Finding]
    managed: Sequence[ManagedLine] = ()
    approval: Approval | None = None
    terms: TermsTable = field(default_factory=TermsTable.empty)
    invoiced: Sequence[InvoicedLine] | None = None

    @property
    def tells_costs(self) -> bool:
        """Whether any usage record tells a cost."""
        return any(amount is not None for name in ("total_cost", "unit_cost") for amount in self.usage[name])
