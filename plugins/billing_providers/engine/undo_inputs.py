"""Everything that decides the diff which undoes a run, gathered before planning. No clock is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing_providers.model.changes import ContractDiff, ManagedLine, MatchedLine
from billing_providers.model.findings import FindingVoice
from billing_providers.model.journal import DatedWrite, JournalEntry, LineWrite
from billing_providers.model.psa import Contract, ContractLine, PsaCapabilities
from billing_providers.model.runs import RunScope
from billing_providers.model.settings import IntegrationSettings


@dataclass(frozen=True, slots=True, eq=False)
class UndoInputs:
    """The inputs of one undo.

    :param scope: of the undo; ``undoes`` names the run.
    :param diffs: what the run pushed, at least one.
    :param entries: the run's journal, oldest first.
    :param lines: the lines that the run changed, as they stand.
    :param contracts: by id, where the PSA dates quantities.
    :param writes: of the tenant's lines, in the order of the journal.
    :param dated_writes: days for which lines were changed, where the PSA dates quantities.
    :param undone_before: keys of the runs that undid something of the period; no diff looks like an earlier one.
    :param managed: the register as it is.
    :param managed_before: lines that were managed before the run.
    :param matched: lines as diffs matched them, for what the register says of them.
    """

    scope: RunScope
    settings: IntegrationSettings
    diffs: Sequence[ContractDiff]
    entries: Sequence[JournalEntry]
    lines: Sequence[ContractLine]
    contracts: Mapping[str, Contract]
    capabilities: PsaCapabilities
    writes: Sequence[LineWrite]
    dated_writes: Sequence[DatedWrite]
    undone_before: Sequence[str]
    managed: Sequence[ManagedLine]
    managed_before: frozenset[str]
    matched: Mapping[str, MatchedLine]
    voice: FindingVoice
    tool_version: str
