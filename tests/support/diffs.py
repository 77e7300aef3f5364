"""Small builders of changes and diffs for tests; every field has a plain default."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

from billing_providers.model.changes import ChangeKind, ContractDiff, DiffInputs, LineChange
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import ContractLine
from billing_providers.model.runs import RunScope

PERIOD = BillingPeriod(date(2026, 9, 26), date(2026, 10, 26), "Europe/London")
TENANT = "kaseya_bms:acme@127.0.0.1"
SCOPE = RunScope("atria_to_kaseya_bms/r1", "atria_to_kaseya_bms", TENANT, PERIOD, (), False, False, date(2026, 10, 26))


def change(change_id: str = "c1", **fields: object) -> LineChange:
    values: dict[str, object] = {
        "change_id": change_id,
        "kind": ChangeKind.SET_QUANTITY,
        "customer_codes": ("ASP",),
        "customer_names": ("Aspen Ltd",),
        "account_id": "1",
        "account_name": "Aspen Ltd",
        "contract_id": "10",
        "contract_name": "Aspen services",
        "service_id": "5",
        "service_name": "MS365-BP",
        "line_id": "100",
        "skus": ("MS365-BP",),
        "quantity_before": Decimal(3),
        "quantity_after": Decimal(5),
        "unit_cost": Decimal(7),
        "unit_price": Decimal(10),
        "effective_date": date(2026, 10, 26),
        "line_version": "",
        "reason": "5 seats of MS365-BP",
        "charge_nos": (1,),
    }
    return LineChange(**{**values, **fields})  # type: ignore[arg-type]


def line(line_id: str = "100", quantity: int | None = 3, **fields: object) -> ContractLine:
    value = ContractLine(
        line_id=line_id,
        contract_id="10",
        account_id="1",
        service_id="5",
        service_name="MS365-BP",
        description="",
        quantity=None if quantity is None else Decimal(quantity),
        unit_cost=Decimal(7),
        unit_price=Decimal(10),
        effective_date=None,
        open=True,
    )
    return dataclasses.replace(value, **fields)  # type: ignore[arg-type]


def diff_of(*changes: LineChange, **fields: object) -> ContractDiff:
    value = ContractDiff(
        digest="d" * 64,
        integration="atria_to_kaseya_bms",
        psa="kaseya_bms",
        tenant=TENANT,
        period_start=PERIOD.start,
        period_end=PERIOD.end,
        timezone=PERIOD.timezone,
        complete=True,
        applicable=True,
        changes=changes,
        unchanged_count=0,
        matched=(),
        findings=(),
        inputs=DiffInputs("s", "r", "m", "p", "l", "0.1.0"),
        strategy="line_api",
        snapshot_id="s" * 32,
        charge_set_id="c" * 32,
        counts=(),
        totals=(),
    )
    return dataclasses.replace(value, **fields)  # type: ignore[arg-type]
