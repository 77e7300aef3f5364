"""What the API user's security level allows, as ``entityInformation`` tells it; nothing is tried, nothing is written.

Values are None, Restricted and All (seen in three clients). *Restricted* shows only a part of the rows, as lists do for
a user who is bound to some lines of business, so for what a run needs it counts as missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing_providers.errors import BadRequest, Forbidden
from billing_providers.hooks.at.kinds import KINDS
from billing_providers.hooks.at.metadata import Access
from billing_providers.hooks.at.tenant import AtTenant

_VERSION = "VersionInformation"
_NEEDED = ("Companies", "Contracts", "Services", "ServiceBundles", *(kind.lines for kind in KINDS),
           *(kind.units for kind in KINDS))  # fmt: skip
_HELPFUL = {
    "ConfigurationItems": "lines that devices drive are not told apart without",
    "BillingItems": "only for comparing afterwards",
    "Invoices": "only for checking invoices afterwards",
}
_USED = {
    **{kind.adjustments: frozenset({"add"}) for kind in KINDS},
    **{kind.lines: frozenset({"change"}) for kind in KINDS},
}


@dataclass(frozen=True, slots=True)
class Rights:
    """What the security level lacks: ``missing`` stops every run, ``helpful`` none, ``unwritable`` every push.

    ``surplus`` is what it allows beyond that: no run uses it, and whoever gets hold of the keys could.
    """

    missing: tuple[str, ...]
    helpful: tuple[str, ...]
    unwritable: tuple[str, ...]
    surplus: tuple[str, ...]
    version: str  # of the API; empty when it does not tell


def rights_of(tenant: AtTenant) -> Rights:
    """Ask for the rights that a run needs or may use.

    :raises SignInRefused: when the keys are refused, at the first call.
    """
    version = _version(tenant)
    written, texted = [kind.adjustments for kind in KINDS], [kind.lines for kind in KINDS]
    entities = [*_NEEDED, *_HELPFUL, *written]
    told = dict(zip(entities, tenant.api.client.map(lambda entity: _access(tenant, entity), entities), strict=True))
    return Rights(
        missing=tuple(f"{entity}: view all" for entity in _NEEDED if not told[entity].queries),
        helpful=(
            *(f"{entity}: view ({why})" for entity, why in _HELPFUL.items() if not told[entity].queries),
            *(f"{entity}: change (only for invoice texts)" for entity in texted if not told[entity].updates),
        ),
        unwritable=tuple(f"{entity}: add" for entity in written if not told[entity].creates),
        surplus=tuple(
            f"{entity}: {', '.join(sorted(beyond))}"
            for entity in entities
            if (beyond := told[entity].grants - _USED.get(entity, frozenset()))
        ),
        version=version,
    )


def _access(tenant: AtTenant, entity: str) -> Access:
    try:
        return tenant.metadata.access(entity)
    except (BadRequest, Forbidden):
        return Access(queries=False, creates=False, updates=False)


def _version(tenant: AtTenant) -> str:
    try:
        told = tenant.api.call("GET", f"/{_VERSION}", entity=_VERSION, below="").whole().get("apiVersions")
    except (BadRequest, Forbidden):
        return ""
    return ", ".join(map(str, told)) if isinstance(told, list) else ""
