"""What push needs from the ledger: the journal and the lock. The real ledger keeps this contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from billing_providers.model.changes import ChangeKind, ContractDiff, LineChange
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.psa import ContractLine, PsaHook
from billing_providers.model.runs import RunScope
from billing_providers.push.judge import Judgement, Standing, Verdict, WriteTraits, judge


class Journal(Protocol):
    """The append-only journal of line changes."""

    def append(self, entries: Sequence[JournalEntry], lock: Any = None) -> None:
        """Append durably in one transaction; refuse when the lock is no longer ours."""

    def require_lock(self, lock: Any) -> None:
        """Raise when the lock is no longer ours at this moment."""

    def states(self, digest: str) -> dict[str, JournalEntry]:
        """Return the last entry of each change of a diff."""

    def since(self, tenant: str, at: datetime) -> list[JournalEntry]:
        """Return what the journal of a tenant holds from an instant on, oldest first."""


class Clock(Protocol):
    """Tells the present instant, aware, in UTC."""

    def __call__(self) -> datetime:
        """Return now."""


@dataclass(frozen=True, slots=True)
class PushJob:
    """One push: which changes of which diff, to which PSA, under which lock.

    :param renew: called again and again, by any thread; renews the lock in time, raises when it was lost.
    :param traits: how writes of this tenant behave.
    :param pause: sleeps for so many seconds.
    :param batch_lines_max: most lines of one contract that share one read and two journal commits.
    """

    diff: ContractDiff
    changes: tuple[LineChange, ...]
    scope: RunScope
    psa: PsaHook
    journal: Journal
    lock: Any
    clock: Clock
    renew: Any
    batch_lines_max: int = 25
    traits: WriteTraits = field(default_factory=WriteTraits)
    pause: Callable[[float], None] = time.sleep

    def judged(
        self, change: LineChange, live: Mapping[str, ContractLine], last: JournalEntry | None, *, applied: bool = False
    ) -> Judgement:
        """Return what to do with a change.

        :param last: its last journal entry.
        :param applied: whether it counts as maybe applied whatever the journal says.
        """
        standing = self.standing(change, last)
        if applied:
            standing = replace(standing, state=JournalState.SENT)
        billed_on = self.scope.period.last_day
        return judge(change, live, standing, billed_on=billed_on, traits=self.traits)

    def standing(self, change: LineChange, last: JournalEntry | None) -> Standing:
        """Return where a change stands by its last journal entry."""
        if last is None:
            return Standing()
        added = last.line_id if change.kind is ChangeKind.ADD_LINE else ""
        return Standing(last.state, (self.clock() - last.at).total_seconds(), added)

    def taken_unseen(self, last: JournalEntry | None) -> bool:
        """Whether a difference was answered and not seen: it stays a mismatch, else a later try would send it again."""
        return self.traits.relative and last is not None and last.state is JournalState.MISMATCH

    def told_before(self, judgement: Judgement, last: JournalEntry | None) -> bool:
        """Whether the journal says already that nobody can tell: another entry would make the try look younger."""
        if judgement.verdict is not Verdict.WAIT or last is None:
            return False
        return last.digest == self.diff.digest and judgement.why in last.detail

    def entry(
        self,
        change: LineChange,
        state: JournalState,
        *,
        observed: Any = None,
        request_id: str = "",
        detail: str = "",
        line_id: str = "",
    ) -> JournalEntry:
        """Return the journal entry for a step of a change, at the present instant."""
        return JournalEntry(
            tenant=self.diff.tenant,
            integration=self.diff.integration,
            period_start=self.diff.period_start,
            run_key=self.scope.run_key,
            digest=self.diff.digest,
            change_id=change.change_id,
            line_id=line_id or change.line_id,
            contract_id=change.contract_id,
            customer_codes=change.customer_codes,
            skus=change.skus,
            state=state,
            at=self.clock(),
            quantity_before=change.quantity_before,
            quantity_after=change.quantity_after,
            observed=observed,
            request_id=request_id,
            detail=detail,
        )
