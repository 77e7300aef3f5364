"""What a run came to for each customer, from the diff, the journal and the findings. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from billing_providers.engine.joined_names import names_in
from billing_providers.model.changes import ContractDiff, parts_of
from billing_providers.model.findings import Finding, Level
from billing_providers.model.journal import DONE, JournalEntry
from billing_providers.model.runs import CustomerResult


def customer_results(
    customers: Mapping[str, str], diff: ContractDiff, states: Mapping[str, JournalEntry], findings: Iterable[Finding]
) -> list[CustomerResult]:
    """Return one result per customer, by code.

    :param customers: code → name of the customers that the run is about.
    """
    codes = _codes(findings, customers)
    done: dict[str, int] = defaultdict(int)
    undone: dict[str, int] = defaultdict(int)
    failed: set[str] = set()
    for change in diff.changes:
        entry = states.get(change.change_id)
        for customer in change.customer_codes:
            if entry is not None and entry.state in DONE:
                done[customer] += 1
            else:
                undone[customer] += 1
                failed |= {customer} if entry is not None else set()
    matched = {customer for line in diff.matched for customer in parts_of(line.customer_code)}

    def result(customer: str) -> str:
        if customer in failed:
            return "failed"
        if undone[customer]:
            return "open"
        if done[customer]:
            return "done"
        return "unchanged" if customer in matched or customer not in codes else "skipped"

    return [
        CustomerResult(
            code, name, result(code), done[code], undone[code], tuple(sorted(codes[code])) if code in codes else ()
        )
        for code, name in sorted(customers.items())
    ]


def _codes(findings: Iterable[Finding], known: Collection[str]) -> dict[str, set[str]]:
    """Return the codes of warnings and errors by customer; a finding may be about several."""
    codes: dict[str, set[str]] = defaultdict(set)
    for finding in findings:
        if finding.level in {Level.WARNING, Level.ERROR}:
            for customer in names_in(finding.about("customer"), known):
                codes[customer].add(finding.code)
    return codes
