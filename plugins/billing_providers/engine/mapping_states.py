"""Tells for each customer and SKU of a run what it is mapped to, or why it is not, and what it might be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from billing_providers.engine.usage_module import usage_module
from billing_providers.model.changes import ChangeKind, ContractDiff, LineChange, parts_of
from billing_providers.model.findings import Finding
from billing_providers.model.mapping_decisions import MappedKind
from billing_providers.model.mapping_states import MappingStanding, MappingState, offers_from
from billing_providers.model.seen_lines import SeenLine

_CUSTOMERS = {
    9: MappingStanding.UNMAPPED,
    22: MappingStanding.UNMAPPED,
    164: MappingStanding.UNMAPPED,
    101: MappingStanding.CONFLICT,
    124: MappingStanding.CONFLICT,
    156: MappingStanding.CONFLICT,
    190: MappingStanding.CONFLICT,
}
_SERVICES = {14: MappingStanding.UNMAPPED, 103: MappingStanding.CONFLICT, 161: MappingStanding.CONFLICT}
_IGNORED, _REVIEW_DUE = 125, 181
_GONE = {ChangeKind.ZERO, ChangeKind.END_LINE}

Key = tuple[MappedKind, str]


@dataclass(slots=True)
class _Reached:
    """What usage of one customer or SKU reaches: names by id, and how many lines."""

    names: dict[str, str] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    lines: int = 0


def mapping_states(
    diff: ContractDiff,
    findings: Iterable[Finding],
    customers: Mapping[str, str],
    seen: Iterable[SeenLine],
    *,
    source: str,
    run_key: str,
) -> list[MappingState]:
    """Return the states of a run, by kind and code.

    :param customers: names by code, as the source has them.
    :param seen: the lines that the plan of the diff saw, for the names of accounts and services.
    :param source: what the source is called, for usage without a module.
    """
    names = {code.strip(): name for code, name in customers.items()}
    states = {
        key: MappingState(
            kind=key[0],
            subject=key[1],
            name=names.get(key[1], "") if key[0] is MappedKind.CUSTOMER else "",
            module=" + ".join(sorted(reached.modules)),
            state=MappingStanding.MAPPED,
            target=", ".join(sorted(reached.names)),
            target_name=", ".join(reached.names[target] for target in sorted(reached.names)),
            code="",
            why="",
            offers=(),
            lines=reached.lines,
            run_key=run_key,
        )
        for key, reached in _reached(diff, seen, source).items()
    }
    for finding in findings:
        told = _told(finding, names, source, run_key)
        if told is not None:  # a finding has the last word: part of the usage may reach a line all the same
            states[told.kind, told.subject] = told
    return [states[key] for key in sorted(states)]


def _reached(diff: ContractDiff, seen: Iterable[SeenLine], source: str) -> dict[Key, _Reached]:
    accounts: dict[str, str] = {}
    services: dict[str, str] = {}
    places: list[SeenLine | LineChange] = [*seen, *diff.changes]
    for place in places:
        accounts[place.account_id] = place.account_name
        services[place.service_id] = place.service_name
    found: dict[Key, _Reached] = {}
    lines = [
        (parts_of(line.customer_code), parts_of(line.sku), line.account_id, line.service_id) for line in diff.matched
    ]
    matched = {line.line_id for line in diff.matched}
    lines += [
        (change.customer_codes, change.skus, change.account_id, change.service_id)
        for change in diff.changes
        if change.kind not in _GONE and change.line_id not in matched and change.step <= 1
    ]
    for codes, skus, account, service in lines:
        module = usage_module(codes, skus, source)
        for kind, subjects, target, named in (
            (MappedKind.CUSTOMER, codes, account, accounts),
            (MappedKind.SERVICE, skus, service, services),
        ):
            for subject in filter(None, subjects):
                reached = found.setdefault((kind, subject), _Reached())
                reached.names[target] = named.get(target, "")
                reached.modules.add(module)
                reached.lines += 1
    return found


def _told(finding: Finding, names: Mapping[str, str], source: str, run_key: str) -> MappingState | None:
    """Return the state that a finding tells; None for one about something else."""
    sku, term, code = finding.about("sku"), finding.about("term"), finding.about("customer")
    kind = MappedKind.SERVICE if sku else MappedKind.CUSTOMER
    standing = (_SERVICES if sku else _CUSTOMERS).get(finding.number)
    if finding.number in {_IGNORED, _REVIEW_DUE} and not (finding.number == _REVIEW_DUE and sku and code):
        standing = MappingStanding.IGNORED
    subject = (f"{sku}|{term}" if term else sku) if sku else code
    if standing is None or not subject:
        return None
    return MappingState(
        kind=kind,
        subject=subject,
        name="" if sku else finding.about("customer_name") or names.get(code, ""),
        module=usage_module((code,), (sku,), source) if sku else _module_of(code, source),
        state=standing,
        target="",
        target_name="",
        code=finding.code,
        why=finding.message,
        offers=offers_from(finding.about("offers")),
        lines=0,
        run_key=run_key,
    )


def _module_of(code: str, source: str) -> str:
    return usage_module((code,), (code.replace(": ", " - ", 1),), source)
