"""The PSA of a step, whose requests count together with those of every other task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from billing_providers.steps.shared_gate import SharedGate
from billing_providers.steps.step import BillingStep

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger
    from billing_providers.model.psa import PsaHook


@contextmanager
def opened_psa(step: BillingStep, ledger: Ledger, *, owner: str = "") -> Iterator[PsaHook]:
    """Give the hook of the integration's PSA; where the PSA counts the requests of all processes, so does the ledger.

    :param owner: who sends the requests; empty: this task of its run.
    :raises SettingsError: for a PSA that the registry does not know.
    """
    from billing_providers.hooks.http.gate import SharesLimits
    from billing_providers.hooks.psas import psa_for

    psa = psa_for(step.settings)
    if not isinstance(psa, SharesLimits):
        yield psa
        return
    owner = owner or f"{step.scope.run_key}/{step.stage}"
    gate = SharedGate(ledger.request_shares, psa.tenant_key, owner, psa.shared_limits)
    psa.pass_through(gate)
    try:
        gate.limit(psa.requests_per_hour())
        yield psa
    finally:
        gate.close()
