"""All simulated systems: one line each."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from billing_providers.sandbox.core.twin import Twin

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox

_TWINS = (
    "billing_providers.sandbox.kaseya_bms.routes:KaseyaBmsTwin",
    "billing_providers.sandbox.atria.routes:AtriaTwin",
    "billing_providers.sandbox.connectwise.routes:ConnectWiseTwin",
    "billing_providers.sandbox.autotask.routes:AutotaskTwin",
    "billing_providers.sandbox.msp360.routes:Msp360Twin",
    "billing_providers.sandbox.datto_rmm.routes:DattoRmmTwin",
    "billing_providers.sandbox.sherweb.routes:SherwebTwin",
    "billing_providers.sandbox.meterline.routes:MeterlineTwin",
)


def make_twins(sandbox: Sandbox) -> dict[str, Twin]:
    """Return a fresh twin of every system, by its key."""
    made: dict[str, Twin] = {}
    for address in _TWINS:
        module, _, name = address.partition(":")
        twin: Twin = getattr(import_module(module), name)(sandbox)
        made[twin.key] = twin
    return made
