"""Which findings keep a customer's invoice from being made, and whose it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

from billing_providers.engine.joined_names import names_in
from billing_providers.model.findings import Finding, Level, Scope
from billing_providers.model.gate import GateReason

#: Warnings and errors after which an invoice may be made all the same. Whatever is not named here blocks.
MAY_BE_BILLED = frozenset(
    {
        *(7, 11, 142, 179, 180),  # done
        *(8, 120, 121, 122, 141),  # what became of a change: the journal says where it stands by now
        *(114, 115, 116, 117, 118, 213),  # guards: the change is held, or a person approved it
        *(112, 113, 138, 139, 181),  # about the run and its tables; a rejected change is not in the journal
        *(133, 135, 200, 201, 202),  # edits by hand that were told, and overwritten or left
        *(123, 134, 167, 171, 172, 173, 174, 175, 176, 194, 195, 196, 204, 207, 208, 209),
    }
)
MORE_LIKE_THIS, IGNORED = 155, 125
_MORE = re.compile(r" and \d+ more$")

#: Customers with charges of an SKU and term; an empty term: of any.
ChargedFor = Callable[[str, str], Collection[str]]


def stopped_by(findings: Iterable[Finding]) -> list[GateReason]:
    """Return the faults of a run that stopped it for everybody."""
    return [
        GateReason(finding.code, finding.message)
        for finding in findings
        if finding.scope is Scope.RUN and finding.level is Level.ERROR
    ]


def held_for_all(findings: Iterable[Finding]) -> list[GateReason]:
    """Return what keeps every customer back because it does not say whose it is."""
    return [
        GateReason(finding.code, finding.message)
        for finding in findings
        if finding.scope is Scope.RUN and finding.level is Level.WARNING and _is_open(finding)
        if not _counts_harmless(finding)
    ]


def customer_reasons(
    findings: Iterable[Finding], known: Collection[str], charged_for: ChargedFor
) -> dict[str, list[GateReason]]:
    """Return what keeps customers back, by customer code.

    :param known: codes of all customers, one of which may hold ``, `` itself.
    :param charged_for: tells whose the charges of an SKU are, where a finding names only the first customers.
    """
    found: dict[str, list[GateReason]] = {}
    told = list(findings)
    ignored = {one.about("customer") for one in told if one.number == IGNORED and not one.about("sku")}
    for finding in told:
        if _is_open(finding) and finding.scope is not Scope.RUN:
            reason = GateReason(finding.code, finding.message)
            for customer in set(_whose(finding, known, charged_for)) - ignored:
                found.setdefault(customer, []).append(reason)
    return found


def _is_open(finding: Finding) -> bool:
    return finding.level in {Level.WARNING, Level.ERROR} and finding.number not in MAY_BE_BILLED


def _counts_harmless(finding: Finding) -> bool:
    """Whether a finding only counts more of a kind after which an invoice may be made."""
    number = re.search(r"\d+$", finding.about("code"))
    return finding.number == MORE_LIKE_THIS and number is not None and int(number[0]) in MAY_BE_BILLED


def _whose(finding: Finding, known: Collection[str], charged_for: ChargedFor) -> Collection[str]:
    """Return whose a finding is; everybody's where it does not say."""
    told = finding.about("customer")
    named = names_in(_MORE.sub("", told), known) if told else []
    sku = finding.about("sku")
    if told and not _MORE.search(told):
        return named
    if sku and (charged := charged_for(sku, finding.about("term"))):
        return charged
    return known
