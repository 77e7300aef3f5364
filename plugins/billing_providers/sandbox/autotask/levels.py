"""What the API offers to do with an entity besides reading, and what two security levels grant of that.

The offers are the methods of the published description (seen); which of them the stock level grants is assumed: all.
"""

from __future__ import annotations

from billing_providers.sandbox.credentials import AtUser

_BOTH = frozenset({"Create", "Update"})
_OFFERED: dict[str, frozenset[str]] = {
    "Companies": _BOTH,
    "Contracts": _BOTH,
    "Services": _BOTH,
    "ServiceBundles": _BOTH | {"Delete"},
    "ContractServices": _BOTH,
    "ContractServiceBundles": _BOTH,
    "ContractServiceAdjustments": frozenset({"Create"}),
    "ContractServiceBundleAdjustments": frozenset({"Create"}),
    "ConfigurationItems": _BOTH,
    "BillingItems": frozenset({"Update"}),
    "Invoices": frozenset({"Update"}),
}
_BILLING = {
    "ContractServices": frozenset({"Update"}),
    "ContractServiceBundles": frozenset({"Update"}),
    "ContractServiceAdjustments": frozenset({"Create"}),
    "ContractServiceBundleAdjustments": frozenset({"Create"}),
}


def offered(entity: str) -> frozenset[str]:
    """Return what the API can do with an entity for those who may."""
    return _OFFERED.get(entity, frozenset())


def granted(entity: str, user: AtUser) -> frozenset[str]:
    """Return what a user may do of that: all with the stock level, what a run needs otherwise, nothing when reading."""
    if user.stock:
        return offered(entity)
    return _BILLING.get(entity, frozenset()) if user.adjusts else frozenset()
