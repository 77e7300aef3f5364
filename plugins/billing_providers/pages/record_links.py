"""Where people open a contract line in the PSA, as the settings of the integration say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing_providers.errors import SettingsError
from billing_providers.model.record_link import RecordLink

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger


def record_link(ledger: Ledger, integration: str) -> RecordLink:
    """Return the address of contracts by the settings of the latest run; without one, no links."""
    settings = ledger.settings_log.last(integration)
    template = dict(settings.settings).get("contract_link", "") if settings is not None else ""
    try:
        return RecordLink(template)
    except SettingsError:
        return RecordLink("")
