"""One row of the metrics file, before it is printed in any form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class FileRow:
    """What a module counted for an organization on a day. ``cell``, where given, stands in place of the count."""

    day: date
    module: str
    organization: str
    billing_type: str
    count: Decimal
    cell: str | None = None
