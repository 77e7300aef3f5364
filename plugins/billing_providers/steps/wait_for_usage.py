"""Asks the source whether the usage of a period can be read yet."""

from __future__ import annotations

from billing_providers.errors import NotSent, OutcomeUnknown, RateLimited
from billing_providers.steps.step import BillingStep


def wait_for_usage(step: BillingStep) -> str:
    """Return why the usage cannot be read yet; empty when it can.

    A source that does not answer is one that is not ready: asking again is what waiting is. While it is not ready,
    the run gives its lock back, so that other integrations of the tenant can go on; the extract takes it again.

    :raises BillingError: for what waiting cannot repair, such as wrong settings or a refused sign-in.
    """
    from billing_providers.hooks.sources import source_for

    scope, ledger = step.scope, step.ledger()
    try:
        why = source_for(step.settings).not_ready_why(scope.period)
    except (NotSent, OutcomeUnknown, RateLimited) as error:
        why = str(error)
    note = f"the usage of {scope.period} is waited for: {why}"
    step.keep_findings(ledger, scope.run_key, [step.voice.finding(154, note=note)] if why else [])
    if not why:
        return ""
    step.log.info("%s", note)
    lock = ledger.locks.holder(scope.tenant, scope.period.start)
    if lock is not None and lock.owner == scope.run_key:
        ledger.locks.release(lock)
    return why
