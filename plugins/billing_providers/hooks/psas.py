"""The PSA hook that an integration names."""

from __future__ import annotations

from billing_providers.model.psa import PsaHook
from billing_providers.model.settings import IntegrationSettings
from billing_providers.registry import system


def psa_for(settings: IntegrationSettings) -> PsaHook:
    """Return the hook of the integration's PSA; nothing is read yet.

    :raises SettingsError: for a PSA that the registry does not know.
    """
    entry = system(settings.psa, "psa")
    hook: PsaHook = entry.hook_class()(settings.psa_conn_id or entry.default_conn_id)
    return hook
