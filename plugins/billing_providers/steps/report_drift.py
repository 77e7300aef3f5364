"""Tells what somebody changed by hand on managed lines since they were last set or confirmed. Reads in bulk only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.engine.drift import LastSet, LineDrift, drift_finding, last_set, line_drifts
from billing_providers.engine.limited import limited
from billing_providers.errors import ArtifactError
from billing_providers.model.changes import ChangeKind, LineChange, ManagedLine, parts_of
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.findings import Finding
from billing_providers.model.psa import Contract, ContractLine, Days, LinesAgain, PsaDirectory, PsaHook, Service
from billing_providers.steps.artifacts import write_csv
from billing_providers.steps.psa import opened_psa
from billing_providers.steps.result_mail import send_watch
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from airflow.sdk import Context

    from billing_providers.ledger.ledger import Ledger

UNWRITTEN = 195
DAYS_BACK = timedelta(days=62)  # of quantities that have been in force for longer, the rows of two months are read
EDITORS_MAX = 50  # the PSA is asked for each line on its own
_HEADING = (
    "customer", "contract", "contract id", "service", "line id", "what", "quantity now", "last set", "last edited",
)  # fmt: skip


def report_drift(step: BillingStep, context: Context) -> dict[str, Any]:
    """Compare register and journal with the live lines, keep the findings, mail what is new. Drift is no failure."""
    now, key = datetime.now(UTC), context["dag_run"].dag_id
    today = step.settings.calendar.local_date(now)
    ledger = step.ledger()
    ledger.migrate()
    owner = f"{step.settings.integration}/{step.stage}"
    with opened_psa(step, ledger, owner=owner) as psa:
        wanted = _last_set(step, ledger, psa, today)
        directory = psa.read_directory(contract_type=step.settings.policy.contract_type) if wanted else None
        drifts = _drifts(step, ledger, psa, wanted, directory=directory, today=today) if directory else []
        editors = {drift.last.line.line_id: psa.last_edit(_asked_about(drift)) for drift in drifts[:EDITORS_MAX]}
    found = [_finding(step, drift, directory, editors) for drift in drifts]
    uri, unwritten = _written(step, found, drifts, editors, today)
    findings = [*limited(found, lambda finding: finding, step.voice), *unwritten]
    told = {finding for stage, finding in ledger.findings.of_run(key) if stage == step.stage}
    step.keep_findings(ledger, key, findings)
    for finding in findings:
        step.log.warning("%s: %s", finding.code, finding.message)
    if set(findings) - told:
        send_watch(step.settings, findings, context, subject=f"{len(drifts)} managed lines were changed by hand")
    return {
        "managed_lines": len(wanted),
        "count": len(drifts),
        "lines": [dict(finding.subject) for finding in found[: step.settings.inline_changes_max]],
        "findings": [f"{finding.code}: {finding.message}" for finding in findings[: step.settings.inline_changes_max]],
        "list_uri": uri,
    }


def _last_set(step: BillingStep, ledger: Ledger, psa: PsaHook, today: date) -> list[LastSet]:
    tenant, integration = psa.tenant_key, step.settings.integration
    managed = ledger.register.lines(tenant, integration)
    writes = ledger.journal.line_writes(tenant) if managed else []
    return last_set(managed, writes, integration, not_before=today - DAYS_BACK)


def _drifts(
    step: BillingStep,
    ledger: Ledger,
    psa: PsaHook,
    wanted: Sequence[LastSet],
    *,
    directory: PsaDirectory,
    today: date,
) -> list[LineDrift]:
    """Return what differs both by the lists, and by a second look at these lines alone.

    Lists may lag behind a write, and a push may be at work: a line that was written since the second look is left out.
    """
    days = _days(wanted, today)
    contracts = _contracts(wanted, directory)
    services = {line.service_id for line in (last.line for last in wanted)}
    known = [service for service in directory.services if service.service_id in services]
    seen = line_drifts(wanted, psa.read_lines(list(contracts.values()), known, days=days))
    if not seen:
        return []
    looked_at = datetime.now(UTC)
    again = _reread(psa, [drift.last.line for drift in seen], contracts, days)
    doubtful = {drift.last.line.line_id for drift in seen}
    late = {write.line_id for write in ledger.journal.line_writes(psa.tenant_key) if write.at >= looked_at}
    still = [last for last in _last_set(step, ledger, psa, today) if last.line.line_id in doubtful - late]
    return line_drifts(still, again)


def _contracts(wanted: Sequence[LastSet], directory: PsaDirectory) -> dict[str, Contract]:
    """Return the contracts of the lines; one that is gone has no lines either."""
    ids = {last.line.contract_id for last in wanted}
    return {contract.contract_id: contract for contract in directory.contracts if contract.contract_id in ids}


def _reread(
    psa: PsaHook, lines: Sequence[ManagedLine], contracts: Mapping[str, Contract], days: Days
) -> list[ContractLine]:
    by_contract: dict[str, list[ManagedLine]] = {}
    for line in lines:
        if line.contract_id in contracts:
            by_contract.setdefault(line.contract_id, []).append(line)
    wanted = [
        LinesAgain(
            contract=contracts[contract_id],
            line_ids=tuple(dict.fromkeys(line.line_id for line in of_contract)),
            services=tuple(
                Service(service_id, "", "", active=True)
                for service_id in dict.fromkeys(line.service_id for line in of_contract)
            ),
        )
        for contract_id, of_contract in by_contract.items()
    ]
    return psa.reread_lines(wanted, days=days) if wanted else []


def _days(wanted: Sequence[LastSet], today: date) -> Days:
    days = [last.day for last in wanted if last.day is not None] or [today]
    return Days(min(days), max(days))


def _asked_about(drift: LineDrift) -> LineChange:
    """Return the line as the hook is asked about it; nothing of this is ever written."""
    last, line = drift.last, drift.last.line
    return LineChange(
        change_id="",
        kind=ChangeKind.SET_QUANTITY,
        customer_codes=parts_of(line.customer_code),
        customer_names=(),
        account_id=line.account_id,
        account_name="",
        contract_id=line.contract_id,
        contract_name="",
        service_id=line.service_id,
        service_name="",
        line_id=line.line_id,
        skus=parts_of(line.sku),
        quantity_before=drift.observed,
        quantity_after=last.quantity,
        unit_cost=None,
        unit_price=None,
        effective_date=last.day or line.period_start,
        line_version="",
        reason="",
        charge_nos=(),
    )


def _finding(
    step: BillingStep, drift: LineDrift, directory: PsaDirectory | None, editors: Mapping[str, str]
) -> Finding:
    return drift_finding(drift, step.voice, directory, editor=editors.get(drift.last.line.line_id, ""))


def _written(
    step: BillingStep,
    found: Sequence[Finding],
    drifts: Sequence[LineDrift],
    editors: Mapping[str, str],
    today: date,
) -> tuple[str, list[Finding]]:
    """Write the list for people; where that fails, the findings stand all the same, with one more."""
    rows = [
        (
            finding.about("customer_name"),
            finding.about("contract_name"),
            finding.about("contract"),
            finding.about("service"),
            finding.about("line"),
            drift.what or finding.message,
            _cell(drift.observed),
            drift.last.words,
            editors.get(drift.last.line.line_id, ""),
        )
        for finding, drift in zip(found, drifts, strict=True)
    ]
    try:
        return write_csv(step.settings, f"drift-{today}.csv", _HEADING, rows) if rows else "", []
    except ArtifactError as error:
        step.log.warning("%s", error)
        return "", [step.voice.finding(UNWRITTEN, why=str(error))]


def _cell(quantity: Decimal | None) -> str:
    return "" if quantity is None else text_from_decimal(quantity)
