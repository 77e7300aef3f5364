"""What tests and people do to the simulated backup of MSP360. No part of its API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.msp360.routes import Msp360Twin
from billing_providers.sandbox.world.resale.backup_records import Month

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox


class BackupControl:
    """The part of the control plane that concerns MSP360."""

    _sandbox: Sandbox

    @property
    def _msp360(self) -> Msp360Twin:
        twin = self._sandbox.twins["msp360"]
        assert isinstance(twin, Msp360Twin)
        return twin

    def rename_company(self, customer_code: str, name: str, since: str | None = None) -> None:
        """Rename a company of MSP360; billing rows of months before ``since`` (YYYY-MM, default now) keep the name."""
        month = self._msp360.this_month if since is None else _month(since)
        self._msp360.state.rename(customer_code, name, month)

    def edit_backup(self, email: str, month: str | None = None, **changes: Any) -> None:
        """Change a user's rows in MSP360: ``plan_cost``, ``storage_cost``, ``restore_cost``, ``stored`` or ``gone``."""
        self._msp360.state.edit(email, None if month is None else _month(month), changes)


def _month(text: str) -> Month:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise ValueError(f"{text!r} is no month YYYY-MM")
    return Month(int(text[:4]), int(text[5:]))
