"""rCloud's usage file of a month in a folder, old enough to count as whole."""

from __future__ import annotations

import os
from pathlib import Path

from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.rcloud.file import write_rcloud_file
from billing_providers.sandbox.world.resale.resale import Resale

LONG_AGO_S = 1_750_000_000


def put_rcloud_file(
    folder: Path, resale: Resale, period: BillingPeriod, shape: str = "plain", trouble: str = ""
) -> Path:
    """Write the file that the shipped settings look for."""
    path = folder / f"rcloud-{period.start:%Y-%m}.csv"
    write_rcloud_file(path, resale, period.start.year, period.start.month, shape, trouble)
    os.utime(path, (LONG_AGO_S, LONG_AGO_S))
    return path
