"""From charge lines to a contract diff. The page to read first.

Pure: the same inputs give the same bytes, whatever the order of their rows; nothing is read and nothing written.

1. *Who.* Every customer goes to accounts and contracts, or is skipped with one finding. An account that is shared
   with a customer who does not take part is left alone.
2. *What.* Every SKU goes to services, or its usage is said to be without a place.
3. *How much.* All rows that reach one service on one contract are summed exactly, brought to what the line terms say
   (minimum, included volume, cost, price, text), and rounded once.
4. *Compare* with the live lines: set, add, unchanged, or left alone with a finding. Where the policy prorates, a change
   becomes one for each day on which the quantity changed. Changes that the PSA would refuse for their dates are not
   planned.
5. *Zero* (or end) the managed lines whose customer and SKU are gone.
6. *Guard*: changes beyond the limits wait for a person.

A fault of one customer, SKU or line is a finding; the others go on. Only settings that no run can work with raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from billing_providers.engine.change_words import ChangeWords, is_wanted
from billing_providers.engine.charge_columns import charge_columns
from billing_providers.engine.collector import collector_paused
from billing_providers.engine.customer_choice import Standing
from billing_providers.engine.customers import unknown_in_filter
from billing_providers.engine.dated_changes import with_free_days
from billing_providers.engine.dated_steps import held_together, whole_chains, with_steps
from billing_providers.engine.decided import decide, placed_usage
from billing_providers.engine.diff import compare
from billing_providers.engine.diff_of import billed_before, diff_of, matched_lines, plan_counts, unusable_usage
from billing_providers.engine.dues import dues_of
from billing_providers.engine.effective_dates import effective_date, line_dates
from billing_providers.engine.guards import guard_changes
from billing_providers.engine.legal_dates import invoiced_later, with_legal_dates
from billing_providers.engine.line_changes import LineChanges
from billing_providers.engine.line_fields import line_fields
from billing_providers.engine.live_lines import LiveLines, live_lines
from billing_providers.engine.movement_scope import MovingPart, feeds, moving_part
from billing_providers.engine.moving_changes import movable_changes, runs_before
from billing_providers.engine.plan_inputs import LinesWanted, PlanInputs
from billing_providers.engine.rollover import Successors
from billing_providers.engine.seen_days import on_days_seen
from billing_providers.engine.settings_audit import audit_findings, ending_contracts
from billing_providers.engine.table_reviews import table_reviews
from billing_providers.engine.targets import targets_of
from billing_providers.engine.unplaced import unplaced_usage
from billing_providers.engine.unusable_settings import refuse_unusable_settings
from billing_providers.engine.zeroing import ZeroingFacts, edited_by_hand, plan_zeroings
from billing_providers.model.changes import ContractDiff, LineChange, parts_of
from billing_providers.model.findings import Finding, Level

__all__ = ["LinesWanted", "PlanInputs", "lines_wanted", "plan"]


def plan(inputs: PlanInputs) -> ContractDiff:
    """Return the contract diff of one run.

    A snapshot that is incomplete or empty gives a diff without changes that is neither complete nor applicable.

    :raises SettingsError: (code 12) when the policy's contract type does not exist in this tenant; when the settings
        want what the tenant does not offer.
    """
    refuse_unusable_settings(inputs)
    with collector_paused():
        part = moving_part(inputs)
        live = live_lines(inputs.lines, inputs.scope.period.last_day, line_dates(inputs))
        if reasons := unusable_usage(inputs):
            return diff_of(
                inputs, live, complete=False, changes=(), matched=(), unchanged_count=0, findings=reasons, counts={}
            )
        return _planned(part, live)


def lines_wanted(inputs: PlanInputs) -> LinesWanted:
    """Return which contracts' lines must be read before :func:`plan`: those that usage or a managed line may touch.

    :raises SettingsError: (code 12) when the policy's contract type does not exist in this tenant.
    """
    refuse_unusable_settings(inputs)
    if unusable_usage(inputs):
        return LinesWanted((), ())
    inputs = moving_part(inputs).inputs
    decided = decide(inputs, charge_columns(inputs.charges), live_lines((), inputs.scope.period.last_day))
    placed = placed_usage(inputs, decided)
    in_scope = {code for code, decision in decided.usage.decisions.items() if decision.customer.in_scope}
    managed = [line for line in inputs.managed if in_scope.issuperset(parts_of(line.customer_code))]
    contracts = {contract.contract_id for at in placed.used_destinations for contract in at.contracts}
    contracts |= {line.contract_id for line in managed}
    successors = Successors(inputs.directory.contracts, inputs.settings.policy)
    followers = (successors.of(contract) for contract in decided.contracts.all if contract.contract_id in contracts)
    contracts |= {contract.contract_id for contract in followers if contract is not None}
    services = {service.service_id for service in placed.used_services} | {line.service_id for line in managed}
    return LinesWanted(
        tuple(contract for contract in decided.contracts.all if contract.contract_id in contracts),
        tuple(service for service in decided.services.all if service.service_id in services),
    )


def _planned(part: MovingPart, live: LiveLines) -> ContractDiff:
    inputs, voice = part.inputs, part.inputs.voice
    decided = decide(inputs, charge_columns(inputs.charges), live)
    usage = decided.usage
    without_service, unplaced = unplaced_usage(usage, decided.services, voice)
    targets, undecided = targets_of(placed_usage(inputs, decided), decided, live, inputs)
    words, dues = ChangeWords(inputs, usage, targets), dues_of(targets, usage, inputs)
    wanted_fields = line_fields(words, dues)
    compared = compare(targets, dues, wanted_fields, live=live, decided=decided, inputs=inputs)
    lines = LineChanges(words, dues, wanted_fields, compared, live, effective_date(inputs))
    drafts = lines.drafts()
    stepped = with_steps(drafts.changes, lines, inputs)
    legal, illegal = with_legal_dates(stepped.changes, live, inputs)
    assigned = compared.assigned.outside(drafts.failed_accounts, targets)
    facts = ZeroingFacts(
        inputs=inputs,
        usage=usage,
        live=live,
        accounts=decided.accounts,
        contracts=decided.contracts,
        services=decided.services,
        reached=compared.reached,
        without_service=without_service,
        holds=decided.holds,
        failed_accounts=drafts.failed_accounts,
    )
    zeroings, zeroing_findings = plan_zeroings(facts)
    chosen = [change for change in legal if is_wanted(change, inputs.only_lines)] + zeroings
    still = part.still_lines(live)
    movable = movable_changes(chosen, still, feeds(targets, usage) if still else {}, inputs)
    dated = on_days_seen(movable.changes, live, inputs)
    free, refused = with_free_days(dated, compared.reached, live, inputs)
    wanted = whole_chains(free, stepped.changes)
    before = billed_before(assigned, targets, usage, live, {change.account_id for change in wanted})
    changes, tripped = _guarded(wanted, before, inputs)
    unchanged = int((~assigned.changed).sum()) - stepped.awakened
    matched = [line for line in matched_lines(assigned, targets, usage, live) if movable.registers(line)]
    left_for_later = {change.line_id for change in stepped.changes} - {change.line_id for change in changes}
    findings = [
        *unknown_in_filter(inputs),
        *part.findings,
        *decided.findings,
        *unplaced,
        *undecided,
        *lines.findings(),
        *drafts.findings,
        *stepped.findings,
        *zeroing_findings,
        *movable.findings,
        *edited_by_hand(changes, facts),
        *tripped,
        *illegal,
        *refused,
        *invoiced_later(changes, inputs),
        *_said_at_the_close(changes, {line.contract_id for line in matched}, compared.reached.tolist(), live, inputs),
    ]
    if not changes and not any(finding.level in {Level.WARNING, Level.ERROR} for finding in findings):
        findings.append(voice.finding(137, count=unchanged))
    standings = [decision.standing for decision in usage.decisions.values() if decision.customer.in_scope]
    return diff_of(
        inputs,
        live,
        complete=Standing.HELD not in standings and not any(finding.number == 136 for finding in findings),
        changes=changes,
        matched=[line for line in matched if line.line_id not in left_for_later],
        unchanged_count=unchanged,
        findings=findings,
        counts=plan_counts(standings, len(usage.charges), len(live)),
    )


def _said_at_the_close(
    changes: list[LineChange], contracts: set[str], reached: list[int], live: LiveLines, inputs: PlanInputs
) -> list[Finding]:
    """Return findings that nobody wants to hear every few minutes while the period is still open."""
    if inputs.in_period:
        return []
    ending = ending_contracts(changes, contracts, inputs)
    return [*table_reviews(inputs), *ending, *audit_findings(reached, live, inputs)]


def _guarded(
    changes: list[LineChange], billed_before: Mapping[str, Decimal], inputs: PlanInputs
) -> tuple[list[LineChange], list[Finding]]:
    guarded, tripped = guard_changes(
        changes,
        inputs.settings.guards,
        inputs.voice,
        billed_before=billed_before,
        record_count=inputs.snapshot.record_count,
        recent_record_counts=inputs.recent_record_counts,
        counted_in="earlier days of the period" if inputs.in_period else "the last closed periods",
        runs_before=runs_before(inputs),
    )
    return held_together(guarded), tripped
