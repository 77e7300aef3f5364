"""Prints what a run did, from the ledger, for people: what changed, what was held back and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from billing_providers.ledger.ledger import Ledger
from billing_providers.model.changes import ContractDiff, LineChange, told_fields
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.findings import Finding, Level
from billing_providers.model.journal import DONE

SHOWN_MAX = 12


def print_run(ledger: Ledger, run_key: str, *, explain: bool = True) -> None:
    """Print the account of one run; ``explain`` prints each kind of finding in full, else only how many there are."""
    record = ledger.runs.find(run_key)
    if record is None:
        print(f"  the ledger knows no run {run_key}")
        return
    print(f"  result    {record.result}" + (f" ({record.failure_class})" if record.failure_class else ""))
    print(f"  period    {record.period_start} to {record.period_end} (end excluded)")
    print(f"  summary   {record.summary}")
    if not record.digest:
        return
    diff = ledger.diffs.load(record.digest)
    approval = ledger.diffs.approval(record.digest)
    if approval is not None:
        who = f" by {approval.decided_by}" if approval.decided_by else ""
        print(f"  review    {approval.decision.replace('_', ' ')}{who}, bound to digest {record.digest[:12]}")
    print_changes(ledger, diff)
    print_findings([finding for _, finding in ledger.findings.of_run(run_key)], explain=explain)


def print_changes(ledger: Ledger, diff: ContractDiff) -> None:
    """Print the changes that were written, largest first, and a count of the rest."""
    states = ledger.journal.states(diff.digest)
    done = [change for change in diff.changes if change.change_id in states and states[change.change_id].state in DONE]
    if not done:
        print("  changed   nothing")
        return
    kinds = Counter(change.kind.value for change in done)
    print(f"  changed   {len(done)} contract lines: " + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))
    for change in sorted(done, key=_size, reverse=True)[:SHOWN_MAX]:
        before = "?" if change.quantity_before is None else text_from_decimal(change.quantity_before)
        after = text_from_decimal(change.quantity_after)
        also = f"  ({told_fields(change)})" if change.fields else ""
        print(
            f"            {change.account_name[:28]:28} {change.service_name[:22]:22} {before:>8} -> {after}{also[:90]}"
        )
    if len(done) > SHOWN_MAX:
        print(f"            … and {len(done) - SHOWN_MAX} more")


def print_findings(findings: Iterable[Finding], *, explain: bool) -> None:
    """Print warnings and errors grouped by code: what was held back or skipped, why, and what to do."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.level in {Level.WARNING, Level.ERROR}:
            groups[finding.code].append(finding)
    if not groups:
        return
    if not explain:
        counts = ", ".join(f"{code} {len(group)}" for code, group in sorted(groups.items()))
        print(f"  still open {counts}")
        return
    print(f"  held back or worth a look ({sum(map(len, groups.values()))})")
    for code, group in sorted(groups.items()):
        print(f"    {code:6} {len(group):3} x  {group[0].message}")
        print(f"                   {group[0].resolution}")


def _size(change: LineChange) -> float:
    return abs(float(change.quantity_after - (change.quantity_before or 0)))
