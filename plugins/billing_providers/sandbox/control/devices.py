"""What tests and people do to the simulated Datto RMM. No part of its API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.datto_rmm.routes import DattoRmmTwin

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox


class DevicesControl:
    """The part of the control plane that concerns Datto RMM."""

    _sandbox: Sandbox

    @property
    def _datto_rmm(self) -> DattoRmmTwin:
        twin = self._sandbox.twins["datto_rmm"]
        assert isinstance(twin, DattoRmmTwin)
        return twin

    def enrol_devices(self, site_uid: str, category: str, number: int) -> list[str]:
        """Add devices to a site of Datto RMM today, or below zero delete its newest ones; return their host names."""
        return self._datto_rmm.state.enrol(site_uid, category, number)

    def edit_device(self, hostname: str, **changes: Any) -> None:
        """Change a device: `suspended`, `not_billable`, `category`, `created` or `deleted_on`."""
        self._datto_rmm.state.edit_device(hostname, changes)

    def edit_site(
        self, site_uid: str, name: str | None = None, company_id: int | None = None, company_name: str | None = None
    ) -> None:
        """Rename a site of Datto RMM, or link it with a company of Autotask; company id 0 takes the link away."""
        self._datto_rmm.state.edit_site(site_uid, name, company_id, company_name)
