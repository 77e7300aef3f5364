"""The realistic MSP that every twin starts from: 45 customers, about 1,100 usage rows a period, 713 contract lines.

Most of it is healthy. What is awkward on purpose has a name in :mod:`~billing_providers.sandbox.world.cases`.
Usage exists for any period: a line's units before the first run are those of an unchanged month, and about four
in ten quantities differ from it in any one month, always in the same way for the same seed.

:mod:`~billing_providers.sandbox.world.resale` holds a second tenant of the same MSP: the resale of storage, from MSP360
and rCloud to ConnectWise, with cases of its own. :mod:`~billing_providers.sandbox.world.modules` holds a third: the
modules of Kaseya, from Datto RMM and a metrics file to Autotask. :mod:`~billing_providers.sandbox.world.sherweb` holds
subscriptions from Sherweb, billed by lines of the first tenant's own BMS, on three contracts beside lines for Atria.
"""

from __future__ import annotations

from billing_providers.sandbox.world.msp import DEFAULT_SEED, World, build_world
from billing_providers.sandbox.world.records import Outcome

__all__ = ["DEFAULT_SEED", "Outcome", "World", "build_world"]
