"""Planner scenarios as text: tables of what the PSA holds, what was used, and what must come out.

A scenario is a text of sections. A section starts with ``# name``; its first row names the columns, cells are
separated by ``|``. Absent columns have the defaults below. ``customers``, ``skus`` and ``terms`` are tables as CSV,
``policy``, ``guards`` and ``run`` hold ``key = value``. ``changes`` and ``findings`` must be given; every change and
every finding (but the verbose ones and "nothing to do") must be listed. Unknown sections and columns are refused.
"""

from __future__ import annotations

from typing import Any

from billing_providers.engine.planner import PlanInputs, plan
from billing_providers.model.changes import ContractDiff, told_fields
from billing_providers.model.decimals import text_from_decimal
from tests.support.plan_world import planner_inputs

DEFAULTS = {
    "accounts": {"id": "", "code": "", "name": "", "active": "yes"},
    "contracts": {
        "id": "", "account": "", "name": "", "type": "Recurring Services", "active": "yes", "cycle": "Monthly",
        "start": "", "end": "", "parent": "", "bills_from": "", "next_invoice": "", "prorates": "",
    },
    "services": {
        "id": "", "name": "", "description": "", "active": "yes", "price": "10", "no_line": "", "text": "",
    },
    "lines": {
        "id": "", "contract": "", "service": "", "quantity": "", "price": "10", "open": "yes", "version": "",
        "cost": "4", "starts": "", "last_day": "", "text": "", "included": "", "billable": "yes",
        "days": "", "owner": "",
    },
    "usage": {
        "customer": "", "identifier": "", "name": "", "sku": "", "quantity": "", "term": "", "cycle": "",
        "attributes": "", "item": "", "unit": "", "cost": "", "total_price": "", "unit_cost": "", "currency": "",
        "steps": "",
    },
    "managed": {
        "line": "", "contract": "", "account": "", "service": "", "customer": "", "sku": "", "quantity": "",
        "cycle": "", "period": "2026-08-26",
    },
    "changes": {
        "line": "", "kind": "set_quantity", "before": "", "after": "", "held": "", "service": "", "reason": "",
        "fields": "", "from": "",
    },
    "written": {"line": "", "from": "", "before": "", "after": "", "certain": "yes"},
    "standing": {"line": "", "period": "", "run": "", "before": "", "after": ""},
    "findings": {"code": "", "says": ""},
}  # fmt: skip
_SETTINGS, _TABLES = ("policy", "guards", "run"), ("customers", "skus", "terms", "movement")
# Two accounts with one usable contract each, and a catalogue of two.
TWO_ACCOUNTS = """
    # accounts
    id | code | name
    1  | A100 | Aspen Ltd
    2  | B200 | Birch plc
    # contracts
    id | account
    11 | 1
    22 | 2
    # services
    id | name
    5  | MS365-BP
    6  | BKP-WS
"""
_QUIET = {4, 18, 19, 137}


def sections_of(text: str) -> dict[str, Any]:
    """Return the sections of a scenario: rows as dictionaries, settings as a dictionary, tables as CSV text."""
    sections: dict[str, Any] = {}
    name = ""
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("# "):
            name = line[2:].strip()
            if name in sections or name not in {*DEFAULTS, *_SETTINGS, *_TABLES}:
                raise ValueError(f"unknown or repeated section {name!r}")
            sections[name] = []
        elif line:
            sections[name].append(line)
    if missing := {"changes", "findings"} - set(sections):
        raise ValueError(f"the scenario says nothing about {sorted(missing)}")
    for name, lines in sections.items():
        if name in DEFAULTS:
            sections[name] = _rows(name, lines)
        elif name in _SETTINGS:
            sections[name] = dict([part.strip() for part in line.split("=", 1)] for line in lines)
        else:
            sections[name] = "\n".join(lines)
    return sections


def _rows(name: str, lines: list[str]) -> list[dict[str, str]]:
    cells = [[cell.strip().replace("\\n", "\n") for cell in line.split("|")] for line in lines]
    if not cells:
        return []
    header, *rows = cells
    if unknown := set(header) - set(DEFAULTS[name]):
        raise ValueError(f"unknown columns in {name}: {sorted(unknown)}")
    return [{**DEFAULTS[name], **dict(zip(header, row, strict=True))} for row in rows]


def inputs_of(text: str) -> PlanInputs:
    """Return the planner's inputs of a scenario."""
    return planner_inputs(sections_of(text))


def check(text: str) -> ContractDiff:
    """Plan a scenario and compare everything that comes out with what it says."""
    diff, expected = plan(inputs_of(text)), sections_of(text)
    exact = ("line", "kind", "before", "after", "held", "fields")
    told = [_told(change) for change in diff.changes]
    assert [[row[key] for key in exact] for row in told] == [[row[key] for key in exact] for row in expected["changes"]]
    for row, change in zip(expected["changes"], told, strict=True):
        assert row["service"] in change["service"]
        assert row["reason"] in change["reason"]
        assert row["from"] in {"", change["from"]}
    found = [finding for finding in diff.findings if finding.number not in _QUIET]
    messages = [f"{finding.code} {finding.message} {finding.resolution}" for finding in found]
    assert [finding.code for finding in found] == [row["code"] for row in expected["findings"]], messages
    for row, message in zip(expected["findings"], messages, strict=True):
        assert row["says"] in message
    return diff


def _told(change: Any) -> dict[str, str]:
    return {
        "line": change.line_id,
        "kind": change.kind.value,
        "before": "" if change.quantity_before is None else text_from_decimal(change.quantity_before),
        "after": text_from_decimal(change.quantity_after),
        "held": ", ".join(change.held_by),
        "service": change.service_name,
        "reason": change.reason,
        "fields": told_fields(change),
        "from": change.effective_date.isoformat(),
    }
