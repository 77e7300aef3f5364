"""When a contract was last edited: the only stamp near a line (seen in one client); by whom is not told.

``Contracts.lastModifiedDateTime`` came with a version after 2020.
"""

from __future__ import annotations

import logging

from billing_providers.errors import BillingError
from billing_providers.hooks.at.tenant import AtTenant

log = logging.getLogger(__name__)


def last_edit(tenant: AtTenant, contract_id: str) -> str:
    """Return when the contract was last edited, empty when it cannot be told. Never raises."""
    try:
        stamp = tenant.api.by_id("Contracts", contract_id).record().text("lastModifiedDateTime")
    except BillingError as error:
        log.info("the last edit of contract %s cannot be read: %s", contract_id, error)
        return ""
    return f"at {stamp}: the contract, by whom and which line is not told" if stamp else ""
