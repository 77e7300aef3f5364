"""Settings that no run can work with in this tenant, found before anything is planned."""

from __future__ import annotations

from billing_providers.engine.contract_choice import refuse_unknown_type
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.errors import SettingsError
from billing_providers.model.changes import LineField
from billing_providers.model.policy import EarlyStart, EffectiveDateRule, Removal
from billing_providers.model.psa import QuantityWrite


def refuse_unusable_settings(inputs: PlanInputs) -> None:
    """Check policy and line terms against the directory and what the tenant offers.

    :raises SettingsError: (code 12) for a contract type that does not exist; for a field that cannot be set.
    """
    refuse_unknown_type(inputs.directory, inputs.settings.policy)
    if inputs.capabilities.quantity_write is QuantityWrite.NONE:
        return
    policy, offered = inputs.settings.policy, inputs.capabilities.sets
    if policy.removal is Removal.END and LineField.LAST_DAY not in offered:
        raise _not_offered("policy", "removal", policy.removal.value, inputs)
    if policy.early_start is EarlyStart.MOVE and LineField.STARTS_ON not in offered:
        raise _not_offered("policy", "early_start", policy.early_start.value, inputs)
    undated = {EffectiveDateRule.UNPOSTED_PERIOD_START, EffectiveDateRule.TODAY}
    for key in ("effective_date", "increase_date", "decrease_date"):
        rule = getattr(policy, key)
        if rule in undated and not inputs.capabilities.dates_quantities:
            raise _not_offered("policy", key, rule.value, inputs)
    if policy.prorate and not inputs.capabilities.takes_dates:
        raise _not_offered("policy", "prorate", "true", inputs)
    for field, where in inputs.line_terms.sets.items():
        if field not in offered:
            raise _not_offered(where, field.value, "set", inputs)


def _not_offered(where: str, key: str, value: str, inputs: PlanInputs) -> SettingsError:
    offered = ", ".join(sorted(inputs.capabilities.sets)) or "nothing but quantities"
    return SettingsError(
        f"cannot be set in {inputs.voice.psa}", where=where, key=key, value=value, allowed=f"what it sets: {offered}"
    )
