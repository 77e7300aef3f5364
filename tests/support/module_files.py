"""The files of an integration of Kaseya's modules: metrics of a month, and the grid that a person has made."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from pathlib import Path

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.modules_file.file import write_metrics_file
from billing_providers.sandbox.world.modules.modules import Modules
from tests.support.rcloud_files import LONG_AGO_S

DATTO_RMM = "Datto RMM"


def put_metrics_file(folder: Path, modules: Modules, period: BillingPeriod, shape: str = "plain") -> Path:
    """Write the metrics file that the shipped settings look for, old enough to count as whole."""
    path = folder / f"modules-{period.start:%Y-%m}.csv"
    write_metrics_file(path, modules, period.start.year, period.start.month, shape)
    os.utime(path, (LONG_AGO_S, LONG_AGO_S))
    return path


def put_grid(path: Path, modules: Modules) -> Path:
    """Write the grid that the world says a person has made: the account by its id, organizations by name or site."""
    site_names = {site.uid: site.name for site in modules.rmm.sites}
    columns = sorted({module for row in modules.grid for module, _ in row.organizations} | {DATTO_RMM})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["account_code", "account_id", "account_name", *columns])
        for row in modules.grid:
            cells: dict[str, list[str]] = defaultdict(list)
            for module, name in row.organizations:
                if module != DATTO_RMM:
                    cells[module].append(_escaped(name.strip()))
            cells[DATTO_RMM] = [f"{_escaped(site_names[uid])} <{uid}>" for uid in row.site_uids]
            writer.writerow(["", row.company_id, row.company_name, *("; ".join(cells[column]) for column in columns)])
    return path


def _escaped(name: str) -> str:
    return "".join(f"\\{character}" if character in "\\;<" else character for character in name)
