"""One row of the usage file, before it is printed in any form."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from billing_providers.sandbox.world.resale.backup_records import Month


@dataclass(frozen=True, slots=True)
class FileRow:
    """A client's billable space in GB in a month. ``cell``, where given, stands in place of the number."""

    client: str
    managed_id: str
    space: Decimal
    month: Month
    cell: str | None = None
