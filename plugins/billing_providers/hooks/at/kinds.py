"""Services and bundles on contracts: the same thing twice in the API, under other names."""

from __future__ import annotations

from dataclasses import dataclass

from billing_providers.hooks.at.directory import BUNDLE


@dataclass(frozen=True, slots=True)
class LineKind:
    """The names of one of the two.

    :param mark: begins the ids of its lines and services here.
    :param lines, units, adjustments: entities.
    :param line, service: fields of other entities that name a line, and its service.
    :param written, adjusted: the child paths of a contract to which lines and adjustments are written.
    :param again: the field that would allow a second line for the same service.
    :param facts: fields of a line that are read.
    """

    mark: str
    lines: str
    units: str
    adjustments: str
    line: str
    service: str
    written: str
    adjusted: str
    again: str
    facts: tuple[str, ...]

    def own_id(self, line_id: str) -> str:
        """Return an id without its mark."""
        return line_id.removeprefix(self.mark)


_PRICES = ("unitPrice", "internalCurrencyUnitPrice", "internalCurrencyAdjustedPrice")
_TEXTS = ("internalDescription", "invoiceDescription")

SERVICES = LineKind(
    mark="",
    lines="ContractServices",
    units="ContractServiceUnits",
    adjustments="ContractServiceAdjustments",
    line="contractServiceID",
    service="serviceID",
    written="Services",
    adjusted="ServiceAdjustments",
    again="allowRepeatService",
    facts=("contractID", "serviceID", *_PRICES, "unitCost", *_TEXTS),
)
BUNDLES = LineKind(
    mark=BUNDLE,
    lines="ContractServiceBundles",
    units="ContractServiceBundleUnits",
    adjustments="ContractServiceBundleAdjustments",
    line="contractServiceBundleID",
    service="serviceBundleID",
    written="ServiceBundles",
    adjusted="ServiceBundleAdjustments",
    again="allowRepeatServiceBundle",
    facts=("contractID", "serviceBundleID", *_PRICES, "adjustedPrice", *_TEXTS),
)
KINDS = (SERVICES, BUNDLES)


def kind_of(marked_id: str) -> LineKind:
    """Return the kind of a line or service by its id here."""
    return BUNDLES if marked_id.startswith(BUNDLE) else SERVICES
