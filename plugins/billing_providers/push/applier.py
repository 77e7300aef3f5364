"""The push itself: intent, read, judge, write, answer. See the package docstring for the five steps."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from itertools import groupby

from billing_providers.errors import RequestError
from billing_providers.model.changes import LineChange
from billing_providers.model.journal import DONE, JournalEntry, JournalState
from billing_providers.push.earlier import known_lines, last_tries
from billing_providers.push.judge import Judgement, Verdict
from billing_providers.push.landing import let_land
from billing_providers.push.ports import PushJob
from billing_providers.push.reading import lines_anew
from billing_providers.push.sending import send_changes

Batch = list[LineChange]


def apply_changes(job: PushJob) -> dict[str, JournalEntry]:
    """Write every change that is not done yet and return where each stands. Running it again is safe.

    A change that fails, is stale or unknown never stops the others. A lost lock or a ledger that cannot be
    written stops everything at once: nothing may leave without its journal row.

    :raises LedgerError: when the journal cannot be written or the lock was lost.
    """
    states = job.journal.states(job.diff.digest)
    todo = [change for change in job.changes if not _is_done(job, states.get(change.change_id))]
    tries = last_tries(job, todo, states)
    let_land(job, todo, tries)
    unseen = [change for change in todo if change.change_id not in states]
    if unseen:
        job.journal.append([job.entry(change, JournalState.INTENDED) for change in unseen], lock=job.lock)
    _for_each_batch(job, list(_batches(todo, job.batch_lines_max)), tries)
    _look_again(job, todo)
    return job.journal.states(job.diff.digest)


def _is_done(job: PushJob, last: JournalEntry | None) -> bool:
    """Whether this run did a change; what another run of the same diff did may have been taken back since."""
    return last is not None and last.state in DONE and last.run_key == job.scope.run_key


def _batches(changes: list[LineChange], lines_max: int) -> Iterator[Batch]:
    """Cut the changes into batches of one contract each, in a fixed order.

    Steps of one line are batches apart, so that each is read anew before the next one.
    """
    ordered = sorted(changes, key=lambda change: (change.contract_id, change.step, change.line_id, change.change_id))
    for _, group in groupby(ordered, key=lambda change: (change.contract_id, max(change.step, 1))):
        batch = list(group)
        yield from (batch[start : start + lines_max] for start in range(0, len(batch), lines_max))


def _for_each_batch(job: PushJob, batches: list[Batch], last: dict[str, JournalEntry]) -> None:
    """Run batches side by side, the longest first, so that none is left alone at the end.

    Twice as many threads as requests, so that a commit never leaves a slot empty.
    """
    in_order = job.traits.relative or any(change.step for batch in batches for change in batch)
    turns = _in_turn(batches) if in_order else [[batch] for batch in batches]
    turns.sort(key=lambda turn: sum(map(len, turn)), reverse=True)
    with ThreadPoolExecutor(max_workers=2 * job.psa.requests_in_flight_max) as threads:
        pending = [threads.submit(_apply_turn, job, turn, last) for turn in turns]
        finished, unfinished = wait(pending, return_when=FIRST_EXCEPTION)
        for future in unfinished:
            future.cancel()
    for future in finished:
        future.result()


def _in_turn(batches: list[Batch]) -> list[list[Batch]]:
    """Group the batches by contract: where a write changes what the next one finds, a contract has one writer."""
    return [list(group) for _, group in groupby(batches, key=lambda batch: batch[0].contract_id)]


def _apply_turn(job: PushJob, turn: list[Batch], last: dict[str, JournalEntry]) -> None:
    for batch in turn:
        _apply_batch(job, batch, last)


def _apply_batch(job: PushJob, batch: Batch, last: dict[str, JournalEntry]) -> None:
    job.renew()
    try:
        live = lines_anew(job.psa, batch, known_lines(batch, last))[batch[0].contract_id]
    except RequestError as error:
        detail = f"the live lines could not be read: {error}"
        job.journal.append(
            [_unread(job, change, last.get(change.change_id), detail) for change in batch], lock=job.lock
        )
        return
    judged = [(change, job.judged(change, live, last.get(change.change_id))) for change in batch]
    first = [
        _before_sending(job, change, judgement, last.get(change.change_id))
        for change, judgement in judged
        if not job.told_before(judgement, last.get(change.change_id))
    ]
    job.journal.append(first, lock=job.lock)
    sent_at = min((entry.at for entry in first if entry.state is JournalState.SENT), default=job.clock())
    send_changes(job, [change for change, judgement in judged if judgement.verdict is Verdict.WRITE], sent_at)


def _unread(job: PushJob, change: LineChange, last: JournalEntry | None, detail: str) -> JournalEntry:
    """Without a read nothing is written: what may have been sent before stays unknown, the rest failed."""
    standing = job.standing(change, last)
    state = JournalState.UNKNOWN if standing.may_be_applied else JournalState.FAILED
    if job.taken_unseen(last):
        state = JournalState.MISMATCH
    return job.entry(change, state, detail=detail, line_id=standing.line_id)


def _before_sending(job: PushJob, change: LineChange, judgement: Judgement, last: JournalEntry | None) -> JournalEntry:
    state = {
        Verdict.WRITE: JournalState.SENT,
        Verdict.ALREADY: JournalState.CONFIRMED,
        Verdict.STALE: JournalState.STALE,
        Verdict.WAIT: JournalState.UNKNOWN,
    }[judgement.verdict]
    detail = judgement.why
    if state is JournalState.STALE and (editor := job.psa.last_edit(change)):
        detail = f"{detail} (last edited {editor})"
    if state is JournalState.STALE and job.taken_unseen(last):
        state = JournalState.MISMATCH
    line_id = judgement.line_id or change.line_id
    return job.entry(change, state, observed=judgement.observed, detail=detail, line_id=line_id)


def _look_again(job: PushJob, todo: list[LineChange]) -> None:
    """Read what is unknown once more, after everything else had its turn."""
    states = job.journal.states(job.diff.digest)
    unknown = [change for change in todo if states[change.change_id].state is JournalState.UNKNOWN]
    if not unknown:
        return
    job.renew()
    entries = []
    try:
        live = lines_anew(job.psa, unknown, known_lines(unknown, states))
    except RequestError:
        return
    for change in unknown:
        judgement = job.judged(change, live[change.contract_id], states[change.change_id])
        if judgement.verdict is Verdict.ALREADY:
            entries.append(
                job.entry(
                    change,
                    JournalState.CONFIRMED,
                    observed=judgement.observed,
                    detail="the answer was lost; reading shows that the write was applied",
                    line_id=judgement.line_id,
                )
            )
        elif judgement.verdict in {Verdict.WRITE, Verdict.WAIT}:
            if not job.told_before(judgement, states[change.change_id]):
                why = judgement.why or "reading shows that it is not applied so far"
                detail = f"{states[change.change_id].detail}; {why}"
                entries.append(job.entry(change, JournalState.UNKNOWN, observed=judgement.observed, detail=detail))
        else:
            why, line_id = judgement.why, judgement.line_id
            entries.append(
                job.entry(change, JournalState.STALE, observed=judgement.observed, detail=why, line_id=line_id)
            )
    job.journal.append(entries, lock=job.lock)
