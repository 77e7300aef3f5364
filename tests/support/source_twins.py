"""Every source as it is connected to the sandbox, and what the simulated world says that it has for October 2026.

Stated from the world alone: no hook is asked. A new source of the registry is one entry in :data:`SOURCE_TWINS`.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.atria.report import export_report
from billing_providers.sandbox.credentials import METERLINE_TENANT
from billing_providers.sandbox.meterline.usage import entries_between
from billing_providers.sandbox.modules_file.file import write_metrics_file
from billing_providers.sandbox.rcloud.file import write_rcloud_file
from billing_providers.sandbox.sherweb_file.file import write_sherweb_invoice_file
from billing_providers.sandbox.world import World
from billing_providers.sandbox.world.modules.counts import rmm_count
from billing_providers.sandbox.world.resale.backup_records import GIB, Month
from tests.support.rcloud_files import LONG_AGO_S

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
MORNING = datetime(2026, 11, 6, 0, 30, tzinfo=UTC)  # October is over, and what is counted later has been counted
MODULES = {"SaaS Protection": "2026-10-01", "Datto EDR": "2026-10-01", "RocketCyber": "2026-10-01"}
RMM_TYPES = ["AllDevicesMetric", "Servers"]


@dataclass(frozen=True, slots=True)
class Used:
    """What one customer used of one SKU, in one row.

    :param plain: whether its quantity is simply billed: a recurring charge or usage of the month, not below zero.
    """

    customer: str
    sku: str
    quantity: Decimal
    plain: bool = True


def _used(customer: str, sku: str, quantity: Decimal | int, *, plain: bool = True) -> Used:
    return Used(customer, sku, Decimal(quantity), plain and quantity >= 0 and bool(sku.strip()))


@dataclass(frozen=True, slots=True)
class SourceTwin:
    """One source in the sandbox.

    :param rows: what it has, by the world.
    :param options: its ``source_options``; a ``{folder}`` in them is the folder of its file.
    :param put: writes its file, where it reads one.
    :param conn_id: its connection, where the registry's default is none of the sandbox.
    """

    rows: Callable[[World], Iterator[Used]]
    options: dict[str, Any] = field(default_factory=dict)
    put: Callable[[World, Path], Any] | None = None
    conn_id: str = ""

    def settings(self, world: World, folder: Path) -> dict[str, Any]:
        """Return what a settings file says of the source, and put its file into the folder."""
        if self.put is not None:
            file = folder / "usage-2026-10.csv"
            self.put(world, file)
            os.utime(file, (LONG_AGO_S, LONG_AGO_S))
        options = {
            name: value.replace("{folder}", folder.as_uri()) if isinstance(value, str) else value
            for name, value in self.options.items()
        }
        return {"source_options": options, **({"source_conn_id": self.conn_id} if self.conn_id else {})}


def _atria(world: World) -> Iterator[Used]:
    rows = world.usage(OCTOBER)
    times = Counter(row.record_id for row in rows)
    terms: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        terms[row.customer_code, row.sku].add(row.term)
    for row in rows:
        once = times[row.record_id] == 1 and len(terms[row.customer_code, row.sku]) == 1
        plain = once and row.billable and row.kind in {"recurring", "usage"} and row.billing_cycle == "monthly"
        yield _used(row.customer_code, row.sku, Decimal(row.quantity), plain=plain)


def _msp360(world: World) -> Iterator[Used]:
    resale = world.resale
    ids = {company.customer_code: company.company_id for company in resale.companies} | {"": "(no company)"}
    for month in resale.backup(Month(2026, 10)):
        code = ids[month.user.customer_code]
        yield _used(code, "used_space", Decimal(month.stored) / GIB)
        yield _used(code, "computers", len({machine.computer for machine in month.machines}))
        if month.plan_cost:
            yield _used(code, "plan", 1)
    for held in resale.book.licences:
        if held.user is not None and not held.trial:
            yield _used(ids[held.user.customer_code], f"license.{held.licence_type}", 1)


def _rcloud(world: World) -> Iterator[Used]:
    for row in world.resale.cloud(Month(2026, 10)):
        yield _used(row.client.name, "billable_space", row.space)


def _datto_rmm(world: World, prefix: str = "") -> Iterator[Used]:
    rmm = world.modules.rmm
    devices = defaultdict(list)
    for device in rmm.devices:
        devices[device.site_id].append(device)
    for site in rmm.sites:
        for kind in RMM_TYPES:
            yield _used(
                prefix + site.uid, f"Datto RMM - {kind}", rmm_count(devices[site.site_id], kind, MORNING.date())
            )


def _module_metrics(world: World) -> Iterator[Used]:
    for row in world.modules.metrics(2026, 10):
        if row.module in MODULES:
            code, whole = f"{row.module}: {row.organization.strip()}", row.count == row.count.to_integral_value()
            yield _used(code, f"{row.module} - {row.billing_type}", row.count, plain=whole)


def _kaseya_modules(world: World) -> Iterator[Used]:
    yield from _datto_rmm(world, "Datto RMM: ")
    yield from _module_metrics(world)


def _meterline(world: World) -> Iterator[Used]:
    for entry in entries_between(world.resale, OCTOBER.start, OCTOBER.end):
        yield _used(entry.ref, entry.meter, entry.amount)


def _sherweb(world: World) -> Iterator[Used]:
    charges = world.sherweb.charges(OCTOBER)
    times = Counter((charge.display_name, charge.sku) for charge in charges)
    codes: dict[str, set[str]] = defaultdict(set)
    for charge in charges:
        codes[charge.display_name].add(charge.customer_code)
    for charge in charges:
        alone = times[charge.display_name, charge.sku] == 1 and len(codes[charge.display_name]) == 1
        monthly = charge.cycle == "Monthly" and charge.charge_type in {"Recurring", "Usage"}
        whole = charge.quantity == charge.quantity.to_integral_value()  # others come through a double
        yield _used(charge.display_name, charge.sku, charge.quantity, plain=alone and monthly and whole)


def _metrics_file(world: World, file: Path) -> Any:
    return write_metrics_file(file, world.modules, 2026, 10, only=MODULES)


_FILE = "{folder}/usage-{year}-{month}.csv"
_OF_METERLINE = {
    "path": f"/v1/tenants/{METERLINE_TENANT}/usage",
    "params": {"from": "{period_start}", "to": "{period_end}"},
    "rows": "data.entries",
    "fields": {
        "customer_code": "customer.ref", "customer_name": "customer.title", "sku": "meter", "quantity": "amount",
        "unit": "unit", "period_start": "window.from", "period_end": "window.to",
    },
    "complete": "final",
    "record_count": "summary.count",
    "control_total": "summary.amount",
    "paging": {"kind": "cursor", "param": "cursor", "next": "data.cursor"},
}  # fmt: skip

SOURCE_TWINS: dict[str, SourceTwin] = {
    "atria": SourceTwin(_atria),
    "atria_report": SourceTwin(
        _atria,
        {"url": "{folder}/usage-2026-10.csv"},
        lambda world, file: export_report(world, OCTOBER, file),
    ),
    "msp360": SourceTwin(_msp360, {"metrics": ["used_space", "computers", "licenses", "plan"]}),
    "rcloud": SourceTwin(_rcloud, {"url": _FILE}, lambda world, file: write_rcloud_file(file, world.resale, 2026, 10)),
    "datto_rmm": SourceTwin(_datto_rmm, {"billing_types": RMM_TYPES}),
    "sherweb": SourceTwin(_sherweb, {"quantity_places": 12}),
    "sherweb_invoice": SourceTwin(
        _sherweb,
        {"url": _FILE, "quantity_places": 12, "cost_basis": "net"},
        lambda world, file: write_sherweb_invoice_file(file, world.sherweb, OCTOBER),
    ),
    "module_metrics": SourceTwin(_module_metrics, {"url": _FILE, "modules": MODULES}, _metrics_file),
    "kaseya_modules": SourceTwin(
        _kaseya_modules,
        {
            "metrics_url": _FILE,
            "modules": {"Datto RMM": "2026-10-01", **MODULES},
            "billing_types": RMM_TYPES,
        },
        _metrics_file,
    ),
    "http_usage": SourceTwin(_meterline, _OF_METERLINE, conn_id="meterline_default"),
}
