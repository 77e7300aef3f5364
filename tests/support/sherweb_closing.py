"""Sherweb to Kaseya BMS with what a person has mapped: the shipped settings, customers by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world import build_world
from tests.support.closing import Closing, closing

SHERWEB = build_world().sherweb
JULY = BillingPeriod(date(2026, 7, 1), date(2026, 8, 1), "Europe/London")
BILLED_AT = datetime(2026, 8, 4, 6, tzinfo=UTC)  # July is invoiced
GUARDS_OFF = {"line_factor": None, "customer_share": None}


def write_customer_map(path: Path) -> str:
    """Write the customers that a person has mapped, by Sherweb's ids; return the file's path."""
    rows = [f"{one.customer_id},{one.account_id},{one.contract_id}" for one in SHERWEB.tenant.organizations]
    path.write_text("\n".join(["customer_code,account_id,contract", *rows, ""]), encoding="utf-8")
    return str(path)


@contextmanager
def sherweb_closing(
    folder: Path, *, ledger_url: str = "", options: dict[str, Any] | None = None, policy: dict[str, Any] | None = None
) -> Iterator[Closing]:
    """Yield a closing on the morning of 2026-08-04."""
    with closing(folder, "sherweb_to_kaseya_bms", ledger_url=ledger_url) as msp:
        msp.box.control.move_clock(BILLED_AT.isoformat().replace("+00:00", "Z"))
        shipped = msp.settings
        by_id = {"customer_id_tag": "CustomerId", "quantity_places": 13}
        msp.change(
            source_options={**shipped.source_options, **by_id, **(options or {})},
            customer_map=write_customer_map(folder / "customers.csv"),
            policy=replace(shipped.policy, **(policy or {})),
            guards=replace(shipped.guards, **GUARDS_OFF),
        )
        yield msp
