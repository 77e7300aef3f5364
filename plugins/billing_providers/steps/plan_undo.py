"""Plans the diff that undoes a run: which run, what it left, what stands there now. First step of an undo.

It reads the PSA and never writes to it. Its output is both the run's scope and the diff's summary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from billing_providers import __version__
from billing_providers.engine.diff_json import diff_summary, diff_to_json
from billing_providers.engine.split_rows import rows_split_by
from billing_providers.engine.undo import undo
from billing_providers.engine.undo_inputs import UndoInputs
from billing_providers.engine.undone import undone_runs, undos_of
from billing_providers.errors import SettingsError
from billing_providers.model.changes import ContractDiff, LineChange, MatchedLine
from billing_providers.model.journal import DatedWrite, JournalEntry
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import ContractLine, PsaHook
from billing_providers.model.runs import RunRecord, RunScope
from billing_providers.push.reading import lines_anew
from billing_providers.steps.artifacts import write_change_list, write_json
from billing_providers.steps.param_values import switch_param, text_param
from billing_providers.steps.psa import opened_psa
from billing_providers.steps.review_text import changes_shown
from billing_providers.steps.step import BillingStep, run_key_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from billing_providers.ledger.ledger import Ledger

_RUNS_NAMED = 5
_TWO_PERIODS = timedelta(days=62)


def plan_undo(step: BillingStep, context: Context) -> dict[str, Any]:
    """Find the run, take the lock of its period, open the history, plan, store."""
    from billing_providers.hooks.psas import psa_for

    ledger = step.ledger()
    ledger.migrate()
    ledger.check_writable()
    name = text_param(context["params"], "run", "a run's key or id").strip()
    undone = _run_named(step, ledger, name, psa_for(step.settings).tenant_key)
    scope = replace(_scope(step, context, undone), ledger_id=ledger.ledger_id)
    step.hold_lock(ledger, scope)
    ledger.runs.start(_opened(scope, context))
    with opened_psa(step, ledger, owner=f"{scope.run_key}/{step.stage}") as psa:
        inputs = _inputs(step, ledger, psa, scope, undone)
    diff = undo(inputs)
    ledger.diffs.save(diff, scope.run_key)
    opening = step.voice.finding(
        1,
        period=scope.period,
        customers=len(scope.customers) or "all",
        mode=f"{'dry run: ' if scope.dry_run else ''}undoes run {scope.undoes}",
    )
    step.keep_findings(ledger, scope.run_key, [opening, *diff.findings])
    step.log.info("diff %s undoes %s: %s", diff.digest[:12], scope.undoes, dict(diff.counts))
    return {**scope.to_json(), **_summary(step, diff, inputs.lines)}


def _run_named(step: BillingStep, ledger: Ledger, name: str, tenant: str) -> RunRecord:
    """Return the run of a key or a run id.

    :raises SettingsError: when there is none of this integration and tenant; names the latest.
    """
    integration = step.settings.integration
    keys = [name] if "/" in name else [f"{integration}/{name}", f"{integration}_undo/{name}"]
    found = next((run for key in keys if (run := ledger.runs.find(key)) is not None), None)
    latest = [run.run_key for run in ledger.runs.history(integration) if not run.dry_run][:_RUNS_NAMED]

    def wrong(problem: str) -> SettingsError:
        allowed = f"a run that wrote something, by its key or its id; the latest are {', '.join(latest) or 'none'}"
        return SettingsError(problem, where="DAG params", key="run", value=name, allowed=allowed)

    if not name:
        raise wrong("no run is named")
    if found is None:
        raise wrong(f"there is no such run of {integration}")
    if found.integration != integration or found.tenant != tenant:
        raise wrong(f"that run is of {found.integration} on {found.tenant}, and not of {integration} on {tenant}")
    if found.dry_run:
        raise wrong("that run was a dry run and wrote nothing")
    return found


def _scope(step: BillingStep, context: Context, undone: RunRecord) -> RunScope:
    calendar = step.settings.calendar
    return RunScope(
        run_key=run_key_of(context),
        integration=undone.integration,
        tenant=undone.tenant,
        period=BillingPeriod(undone.period_start, undone.period_end, calendar.timezone),
        customers=undone.customers,
        dry_run=switch_param(context["params"], "dry_run"),
        failed_only=False,
        as_of=calendar.local_date(context["dag_run"].run_after),
        undoes=undone.run_key,
    )


def _opened(scope: RunScope, context: Context) -> RunRecord:
    dag_run = context["dag_run"]
    return RunRecord(
        run_key=scope.run_key,
        integration=scope.integration,
        tenant=scope.tenant,
        period_start=scope.period.start,
        period_end=scope.period.end,
        started_at=datetime.now(UTC),
        finished_at=None,
        result=None,
        failure_class="",
        dry_run=scope.dry_run,
        digest="",
        counts=(),
        summary="",
        mode=str(getattr(dag_run.run_type, "value", dag_run.run_type)),
        started_by=dag_run.triggering_user_name or "",
        customers=scope.customers,
        undoes=scope.undoes,
    )


def _inputs(step: BillingStep, ledger: Ledger, psa: PsaHook, scope: RunScope, undone: RunRecord) -> UndoInputs:
    capabilities = psa.capabilities()
    entries = [
        entry
        for entry in ledger.journal.entries(scope.tenant, scope.period.start)
        if entry.run_key == undone.run_key and entry.integration == scope.integration
    ]
    diffs = _diffs(step, ledger, entries, undone)
    changes = [change for diff in diffs for change in diff.changes]
    dated = capabilities.dates_quantities
    directory = psa.read_directory(contract_type=step.settings.policy.contract_type) if dated else None
    runs = ledger.runs.since(scope.integration, date.min)
    return UndoInputs(
        scope=scope,
        settings=step.settings,
        diffs=diffs,
        entries=entries,
        lines=_live(psa, changes, entries, dated=dated),
        contracts={contract.contract_id: contract for contract in directory.contracts} if directory else {},
        capabilities=capabilities,
        writes=ledger.journal.line_writes(scope.tenant),
        dated_writes=_dated_writes(ledger, scope, changes) if dated else [],
        undone_before=undos_of(runs, scope.period.start),
        managed=ledger.register.lines(scope.tenant, scope.integration),
        managed_before=_managed_before(ledger, scope, undone, runs),
        matched=_matched(ledger, diffs, undone),
        voice=step.voice,
        tool_version=__version__,
    )


def _diffs(step: BillingStep, ledger: Ledger, entries: Iterable[JournalEntry], undone: RunRecord) -> list[ContractDiff]:
    """Return what the run pushed, in order; one that pushed nothing has its last diff, which leaves nothing to undo."""
    digests = list(dict.fromkeys(entry.digest for entry in entries)) or [undone.digest]
    if not digests[0]:
        raise SettingsError(
            "that run stopped before its diff was made, and wrote nothing",
            where="DAG params",
            key="run",
            value=undone.run_key,
            allowed="a run that wrote something",
        )
    return [ledger.diffs.load(digest) for digest in digests]


def _live(
    psa: PsaHook, changes: Sequence[LineChange], entries: Iterable[JournalEntry], *, dated: bool
) -> list[ContractLine]:
    """Read the changed lines as they stand, past any lag of lists; where quantities are dated, two periods ahead."""
    written = {(entry.digest, entry.change_id): entry for entry in entries}
    added = {entry.change_id: entry.line_id for entry in written.values() if entry.line_id}
    wanted = [change for change in changes if change.line_id or change.change_id in added]
    ahead = [replace(change, effective_date=change.effective_date + _TWO_PERIODS) for change in wanted if dated]
    found = lines_anew(psa, [*wanted, *ahead], added)
    return [line for of_contract in found.values() for line in of_contract.values()]


def _dated_writes(ledger: Ledger, scope: RunScope, changes: Iterable[LineChange]) -> list[DatedWrite]:
    first = min((change.effective_date for change in changes), default=scope.period.start)
    return ledger.journal.dated_writes(scope.tenant, min(first, scope.period.start) - _TWO_PERIODS)


def _managed_before(ledger: Ledger, scope: RunScope, undone: RunRecord, runs: Sequence[RunRecord]) -> frozenset[str]:
    """Return the lines that runs before this one had registered, but for those of runs that are undone."""
    others = [run for run in runs if run.run_key != undone.run_key]
    gone = undone_runs(others)
    digests = {run.digest for run in others if run.run_key in gone}
    found = ledger.diffs.that_matched(
        scope.tenant, scope.integration, scope.period.start, undone.run_key, before=undone.started_at
    )
    return frozenset(line for digest, lines in found.items() if digest not in digests for line in lines)


def _matched(ledger: Ledger, diffs: Sequence[ContractDiff], undone: RunRecord) -> dict[str, MatchedLine]:
    """Return how the run had matched the lines; an undo matched them as the run that it undid."""
    matched = {line.line_id: line for diff in diffs for line in diff.matched}
    while undone.undoes and (before := ledger.runs.find(undone.undoes)) is not None:
        undone = before
        if undone.digest:
            matched = {**{line.line_id: line for line in ledger.diffs.load(undone.digest).matched}, **matched}
    return matched


def _summary(step: BillingStep, diff: ContractDiff, lines: Sequence[ContractLine]) -> dict[str, Any]:
    inline = step.settings.inline_changes_max
    artifact = ""
    if len(diff.changes) > inline:
        artifact = write_json(step.settings, f"diff-{diff.digest[:16]}", diff_to_json(diff))
    split = rows_split_by(changes_shown(diff), lines)  # for the review, which does not read the PSA
    return {
        **diff_summary(diff, inline_max=inline, artifact_uri=artifact),
        "change_list_uri": write_change_list(step.settings, diff) if diff.changes else "",
        "split_rows": {change_id: [str(row.start), str(row.end)] for change_id, row in split.items()},
    }
