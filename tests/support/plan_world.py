"""Builds the planner's inputs from the sections of a scenario (see :mod:`tests.support.plan_scenario`)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing_providers.engine.line_terms import load_line_terms
from billing_providers.engine.mapping import load_customer_map, load_service_map
from billing_providers.engine.movement import MovementTable, load_movement
from billing_providers.engine.planner import PlanInputs
from billing_providers.model.changes import LineField, ManagedLine
from billing_providers.model.charges import ChargeLine, ChargeSet
from billing_providers.model.contract_types import KASEYA_BMS
from billing_providers.model.findings import FindingVoice
from billing_providers.model.frames import frame_of
from billing_providers.model.journal import DatedWrite, JournalEntry, JournalState
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import (
    Account,
    Contract,
    ContractLine,
    PsaCapabilities,
    PsaDirectory,
    QuantityWrite,
    Service,
    UnitPeriod,
)
from billing_providers.model.runs import RunScope
from billing_providers.model.settings import Guards, IntegrationSettings, Moves, Policy
from billing_providers.model.usage import UsageSnapshot

PERIOD = BillingPeriod(date(2026, 9, 26), date(2026, 10, 26), "Europe/London")
INTEGRATION = "atria_to_kaseya_bms"
TENANT = "kaseya_bms:acme@127.0.0.1"
_RUN = {
    "filter": "", "only": "", "complete": "yes", "records": "100", "recent": "", "held": "", "failed": "",
    "reported": "", "writes": "set", "reads": "yes", "adds": "no", "whole": "yes", "sets": "",
    "dates": "no", "takes_dates": "no", "today": "",
    "moves": "at_once, when_updated, billing_date",
}  # fmt: skip


def planner_inputs(s: dict[str, Any]) -> PlanInputs:
    """Return the planner's inputs of a scenario's sections."""
    run = {**_RUN, **s.get("run", {})}
    if unknown := set(run) - set(_RUN):
        raise ValueError(f"unknown keys in run: {sorted(unknown)}")
    accounts = tuple(Account(r["id"], r["code"], r["name"] or r["id"], r["active"] == "yes") for r in s["accounts"])
    contracts = tuple(_contract(r, {account.account_id: account.name for account in accounts}) for r in s["contracts"])
    services = tuple(
        Service(
            r["id"],
            r["name"],
            r["description"],
            r["active"] == "yes",
            Decimal(4),
            Decimal(r["price"]),
            r["no_line"],
            r["text"],
        )
        for r in s["services"]
    )
    lines = [_line(r, {c.contract_id: c.account_id for c in contracts}, services) for r in s.get("lines", [])]
    usage, as_of = s.get("usage", []), _day(run["today"]) or PERIOD.end
    return PlanInputs(
        scope=RunScope("dag/r", INTEGRATION, TENANT, PERIOD, _listed(run["filter"]), False, False, as_of),
        settings=IntegrationSettings(
            integration=INTEGRATION,
            source="atria",
            psa="kaseya_bms",
            policy=Policy(**{"settings_audit": False, **_settings(s.get("policy", {}))}),
            guards=Guards(**_settings(s.get("guards", {}))),
            movement="movement.csv" if "movement" in s else "",
            moves=tuple(Moves(kind) for kind in _listed(run["moves"])),
        ),
        snapshot=_snapshot(run),
        charge_set=ChargeSet("c" * 32, "s" * 32, "r" * 64, "atria.yaml", 9, 9, 0, len(usage), (), _held(run["held"])),
        charges=frame_of(ChargeLine, [_charge(number, row) for number, row in enumerate(usage, 1)]),
        reported_customers={r["customer"]: r["name"] for r in usage} | dict.fromkeys(_listed(run["reported"]), ""),
        directory=PsaDirectory(accounts, contracts, services, KASEYA_BMS),
        lines=lines,
        managed=[_managed(row) for row in s.get("managed", [])],
        customer_map=load_customer_map(s.get("customers", "customer_code"), "customers.csv"),
        service_map=load_service_map(s.get("skus", "sku"), "services.csv"),
        capabilities=PsaCapabilities(
            QuantityWrite(run["writes"]), run["reads"] == "yes", run["adds"] == "yes", run["whole"] == "yes",
            "line_api", "sets units through the tenant's line API",
            frozenset(LineField(name) for name in _listed(run["sets"])),
            dates_quantities=run["dates"] == "yes",
            takes_dates=run["dates"] == "yes" or run["takes_dates"] == "yes",
        ),
        recent_record_counts=[int(count) for count in _listed(run["recent"])],
        only_lines=frozenset(_listed(run["only"])) if run["only"] else None,
        voice=FindingVoice(),
        psa="kaseya_bms",
        tool_version="0.1.0",
        line_terms=load_line_terms(s.get("terms", "mode"), "terms.csv"),
        dated_writes=[
            DatedWrite(
                r["line"], date.fromisoformat(r["from"]), Decimal(r["after"]), r["certain"] == "yes",
                _number(r["before"]),
            )
            for r in s.get("written", [])
        ],
        movement=load_movement(s["movement"], "movement.csv") if "movement" in s else MovementTable.empty(),
        standing=[_standing(r) for r in s.get("standing", [])],
    )  # fmt: skip


def _contract(row: dict[str, str], names: dict[str, str]) -> Contract:
    return Contract(
        row["id"], row["account"], names.get(row["account"], ""), row["name"] or row["id"], row["type"],
        row["active"] == "yes", row["cycle"], _day(row["start"]), _day(row["end"]),
        "", row["parent"], _day(row["bills_from"]), _day(row["next_invoice"]),
        {"yes": True, "no": False}.get(row["prorates"]),
    )  # fmt: skip


def _line(row: dict[str, str], accounts: dict[str, str], services: tuple[Service, ...]) -> ContractLine:
    names = {service.service_id: service.name for service in services}
    return ContractLine(
        row["id"], row["contract"], accounts.get(row["contract"], ""), row["service"], names.get(row["service"], ""),
        "", _number(row["quantity"]), _number(row["cost"]), _number(row["price"]), _day(row["starts"]),
        row["open"] == "yes", row["version"], _day(row["last_day"]), row["text"], _number(row["included"]),
        row["billable"] == "yes", _unit_periods(row["days"]), row["owner"],
    )  # fmt: skip


def _unit_periods(text: str) -> tuple[UnitPeriod, ...]:
    """Read ``2026-09-26..2026-10-25 = 5 posted; 2026-10-26..2026-11-25 = 5``."""
    found = []
    for part in filter(None, text.split(";")):
        days, _, held = part.partition("=")
        first, _, last = days.strip().partition("..")
        units, _, word = held.strip().partition(" ")
        found.append(UnitPeriod(date.fromisoformat(first), date.fromisoformat(last), Decimal(units), word == "posted"))
    return tuple(found)


def _charge(number: int, row: dict[str, str]) -> ChargeLine:
    return ChargeLine(
        number, row["customer"], row["name"], row["identifier"], row["sku"], row["term"], row["cycle"], row["item"],
        f"{row['sku']} described", "", row["unit"], Decimal(row["quantity"]), _number(row["unit_cost"]), None,
        row["currency"], 1, row["attributes"], _number(row["cost"]), _number(row["total_price"]),
        _steps(row["steps"]),
    )  # fmt: skip


def _steps(text: str) -> str:
    """Read ``2026-09-26 = 10; 2026-10-05 = 12``."""
    pairs = [[part.strip() for part in step.split("=")] for step in filter(None, text.split(";"))]
    return json.dumps(pairs) if pairs else ""


def _managed(row: dict[str, str]) -> ManagedLine:
    return ManagedLine(
        TENANT, row["line"], row["contract"], row["account"], row["service"], row["customer"], row["sku"],
        Decimal(row["quantity"]), date.fromisoformat(row["period"]), row["cycle"],
    )  # fmt: skip


def _standing(row: dict[str, str]) -> JournalEntry:
    return JournalEntry(
        TENANT, INTEGRATION, date.fromisoformat(row["period"] or PERIOD.start.isoformat()), row["run"], "d" * 64,
        row["line"], row["line"], "", (), (), JournalState.VERIFIED, datetime(2026, 10, 1, tzinfo=UTC),
        _number(row["before"]), Decimal(row["after"]), None, "", "",
    )  # fmt: skip


def _snapshot(run: dict[str, str]) -> UsageSnapshot:
    complete = run["complete"] == "yes"
    return UsageSnapshot(
        "s" * 32, INTEGRATION, "atria", PERIOD.start, PERIOD.end, datetime(2026, 10, 27, tzinfo=UTC),
        complete, "" if complete else run["complete"], int(run["records"]), 0, _listed(run["failed"]), None,
        "d" * 64, "",
    )  # fmt: skip


def _held(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((code, "a row cannot be read") for code in _listed(text))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _settings(values: dict[str, str]) -> dict[str, Any]:
    return {key: _setting(value) for key, value in values.items()}


def _setting(text: str) -> Any:
    return {"yes": True, "no": False, "off": None}.get(text, int(text) if text.isdigit() else text)


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
