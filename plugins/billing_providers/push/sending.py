"""Sending the changes of one batch, one after the other: each leaves under the lock, and soon after its row.

A write may wait long for its turn: for the hour's budget of the PSA, or because the PSA asks for time. So the HTTP
client asks when the turn has come: a row that grew old meanwhile is written anew first, and whoever lost the lock sends
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing_providers.errors import LedgerError, NotSent, OutcomeUnknown, RequestError
from billing_providers.hooks.http.leaving import asked_before_leaving
from billing_providers.model.changes import ChangeKind, LineChange
from billing_providers.model.journal import JournalEntry, JournalState
from billing_providers.model.psa import WriteReceipt
from billing_providers.push.expected import differs_from_plan
from billing_providers.push.ports import PushJob

SENT_HOLDS_S = 15.0  # half of what PSAs that may be at work for long are given on top; connecting takes some of it
SEEN_HOLDS_S = 1.0  # so long after a row was written under the lock nobody asks for the lock again
_ROWS_MAX = 3


def send_changes(job: PushJob, changes: Sequence[LineChange], sent_at: datetime) -> None:
    """Send changes that are journalled as sent, and journal the answers. What had to wait is journalled as sent anew.

    :param sent_at: of their rows.
    :raises LedgerError: when the journal cannot be written or the lock was lost.
    """
    answers: list[JournalEntry] = []
    for number, change in enumerate(changes):
        if _age_s(job, sent_at) > SENT_HOLDS_S:
            job.renew()
            left = [job.entry(waiting, JournalState.SENT) for waiting in changes[number:]]
            job.journal.append([*answers, *left], lock=job.lock)
            answers, sent_at = [], left[0].at
        answers.append(_send(job, change, sent_at))
    if answers:
        job.journal.append(answers, lock=job.lock)


def _send(job: PushJob, change: LineChange, sent_at: datetime) -> JournalEntry:
    try:
        with asked_before_leaving(_Leaving(job, change, sent_at)):
            receipt = job.psa.write_line(change)
    except OutcomeUnknown as error:
        return job.entry(change, JournalState.UNKNOWN, request_id=error.request_id, detail=str(error))
    except RequestError as error:
        return job.entry(change, JournalState.FAILED, request_id=error.request_id, detail=str(error))
    differs = _answered_otherwise(change, receipt)
    return job.entry(
        change,
        JournalState.MISMATCH if differs else JournalState.CONFIRMED,
        observed=receipt.observed,
        request_id=receipt.request_id,
        line_id=receipt.line_id,
        detail=f"the answer to the write shows something else: {differs}" if differs else "",
    )


@dataclass(slots=True)
class _Leaving:
    """Asked when the turn of a request has come: whether it may leave, under which row."""

    job: PushJob
    change: LineChange
    sent_at: datetime

    def __call__(self) -> None:
        try:
            self.job.renew()
            if _age_s(self.job, self.sent_at) >= SEEN_HOLDS_S:  # until then the row itself is the proof
                self.job.journal.require_lock(self.job.lock)
            for _ in range(_ROWS_MAX):
                if _age_s(self.job, self.sent_at) <= SENT_HOLDS_S:
                    return
                row = self.job.entry(self.change, JournalState.SENT)
                self.job.journal.append([row], lock=self.job.lock)
                self.sent_at = row.at
        except LedgerError as error:
            raise NotSent(f"nothing was sent: {error}") from error
        if _age_s(self.job, self.sent_at) > SENT_HOLDS_S:
            raise NotSent(f"nothing was sent: the ledger takes more than {SENT_HOLDS_S:.0f} s to write a row")


def _age_s(job: PushJob, at: datetime) -> float:
    """Return how old a row is; one of the future was written by a clock that was set back since, and is no proof."""
    return abs((job.clock() - at).total_seconds())


def _answered_otherwise(change: LineChange, receipt: WriteReceipt) -> str:
    """Return what the answer shows otherwise than planned; a PSA that answers nothing is read back later."""
    if receipt.line is not None:
        return differs_from_plan(change, receipt.line)
    if change.kind is ChangeKind.END_LINE or receipt.observed in {None, change.quantity_after}:
        return ""
    return f"quantity is {receipt.observed}, wanted {change.quantity_after}"
