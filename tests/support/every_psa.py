"""One closing for each PSA of the registry, with the shipped settings, at the end of the same month."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.world import build_world
from tests.support.closing import Closing, closing
from tests.support.module_files import put_grid, put_metrics_file
from tests.support.pipeline import Pipeline

LONDON = "Europe/London"
OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), LONDON)
NOVEMBER = BillingPeriod(date(2026, 11, 1), date(2026, 12, 1), LONDON)

INTEGRATIONS = {
    "kaseya_bms": "atria_to_kaseya_bms",
    "connectwise": "msp360_to_connectwise",
    "autotask": "kaseya_modules_to_autotask",
}
#: A day of the period that is closed first, and one of the period after it.
DAYS = {
    "kaseya_bms": ("2026-10-01", "2026-11-01"),
    "connectwise": ("2026-10-15", "2026-11-15"),
    "autotask": ("2026-10-15", "2026-11-15"),
}


@dataclass
class Tenant:
    """One MSP on one PSA. ``first`` and ``second`` are days of two periods, one after the other."""

    psa: str
    msp: Closing
    first: str = field(init=False)
    second: str = field(init=False)

    def __post_init__(self) -> None:
        self.first, self.second = DAYS[self.psa]

    def close(self, run_id: str = "r1", day: str = "", **params: Any) -> Pipeline:
        """Close a period; of the first one where no day is given."""
        return self.msp.close(run_id, billing_period=day or self.first, **params)

    def plan(self, run_id: str, day: str = "", **params: Any) -> Pipeline:
        """Plan a period and write nothing."""
        run = self.msp.run(run_id, billing_period=day or self.first, **params)
        run.plan()
        return run

    def lines(self) -> dict[str, dict[str, Any]]:
        """Return the contract lines as the PSA holds them, by id."""
        return {str(line["line_id"]): line for line in self.msp.box.control.lines(system=self.psa)}

    def audit(self, by: str = "api") -> list[dict[str, Any]]:
        """Return what was really applied."""
        found: list[dict[str, Any]] = self.msp.box.control.audit(by=by, system=self.psa)
        return found

    def edit(self, line_id: str, **values: Any) -> None:
        """Edit a line as a person does."""
        self.msp.box.control.edit_line(line_id, system=self.psa, **values)


@contextmanager
def tenant_of(psa: str, folder: Path) -> Iterator[Tenant]:
    """Open a tenant of a PSA whose October is to be closed."""
    modules = build_world().modules
    if psa == "autotask":
        for period in (OCTOBER, NOVEMBER):
            put_metrics_file(folder, modules, period)
    with closing(folder, INTEGRATIONS[psa]) as msp:
        if psa == "autotask":
            msp.box.control.move_clock("2026-11-01T00:30:00+00:00")
            msp.change(customer_map=str(put_grid(folder / "grid.csv", modules)))
        yield Tenant(psa, msp)
