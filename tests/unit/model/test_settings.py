"""Settings are checked when they are made; every fault names the key, the value and what is allowed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from billing_providers.errors import FailureClass, SettingsError
from billing_providers.model.settings import Guards, IntegrationSettings, Policy, ReviewMode


def settings(**changed) -> IntegrationSettings:
    return IntegrationSettings(
        **{"integration": "atria_to_kaseya_bms", "source": "atria", "psa": "kaseya_bms", **changed}
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Policy(sku_field_match="Name"),
            "policy: sku_field_match: unknown value; got 'Name'; allowed: ServiceName, Description, SKUDescription",
        ),
        (
            lambda: Policy(contract_choice="first"),
            "policy: contract_choice: unknown value; got 'first'; allowed: only_one, holds_service",
        ),
        (
            lambda: Policy(rounding="nearest"),
            "policy: rounding: unknown value; got 'nearest'; allowed: half_up, half_even, up, down, ceiling, floor",
        ),
        (
            lambda: Policy(effective_date="tomorrow"),
            "policy: effective_date: unknown value; got 'tomorrow'; "
            "allowed: period_start, period_last_day, next_period_start, unposted_period_start, today",
        ),
        (lambda: Policy(contract_type=" "), "policy: contract_type: is empty; allowed: e.g. Recurring Services"),
        (lambda: Policy(zeroing_limit=-1), "policy: zeroing_limit: is negative; got -1; allowed: 0 or more"),
        (
            lambda: Policy(zeroing_limit="25"),
            "policy: zeroing_limit: is no whole number; got '25'; allowed: 0, 1, 2, …",
        ),
        (
            lambda: Policy(prorate_from="2026-08-01"),
            "policy: prorate_from: is not a date; got '2026-08-01'; allowed: YYYY-MM-DD",
        ),
        (lambda: Policy(places=0.5), "policy: places: is no whole number; got 0.5; allowed: 0, 1, 2, …"),
        (lambda: Policy(places=-1), "policy: places: is negative; got -1; allowed: 0 or more"),
        (lambda: Guards(run_lines="500"), "guards: run_lines: is no whole number; got '500'; allowed: 0, 1, 2, …"),
        (
            lambda: Guards(recent_periods=True),
            "guards: recent_periods: is no whole number; got True; allowed: 0, 1, 2, …",
        ),
        (
            lambda: Guards(line_factor=1.5),
            "guards: line_factor: 1.5 is a float; decimals are taken from text or integers; got 1.5; "
            "allowed: a decimal as text, e.g. '0.5'",
        ),
        (lambda: Guards(run_amount="-1"), "guards: run_amount: is negative; got '-1'; allowed: 0 or more"),
        (
            lambda: Guards(customer_share="half"),
            "guards: customer_share: 'half' is not a number; got 'half'; allowed: a decimal as text, e.g. '0.5'",
        ),
        (
            lambda: settings(review="never"),
            "atria_to_kaseya_bms: review: unknown value; got 'never'; allowed: off, guards, always",
        ),
        (lambda: settings(source=" "), "integration settings: source: is empty; allowed: a name"),
        (
            lambda: settings(settle_delay=timedelta(hours=-1)),
            "atria_to_kaseya_bms: settle_delay: is negative; got datetime.timedelta(days=-1, seconds=82800); "
            "allowed: 0 or more",
        ),
    ],
)
def test_a_wrong_setting_names_the_key_the_value_and_what_is_allowed(make, message):
    """A settings fault is told before the run starts, in words that say what to change."""
    with pytest.raises(SettingsError) as caught:
        make()

    assert str(caught.value) == message
    assert caught.value.failure_class is FailureClass.SETTINGS


def test_an_empty_contract_type_is_code_12():
    """A wrong contract type keeps the code that users know."""
    with pytest.raises(SettingsError) as caught:
        Policy(contract_type="")

    assert caught.value.finding_number == 12


def test_texts_become_what_they_name():
    """A DAG file may write decimals and choices as text; nothing downstream sees a text or a float."""
    made = settings(review="always", guards=Guards(line_factor="2.5"), policy=Policy(malformed_share_max="0.02"))

    assert made.review is ReviewMode.ALWAYS
    assert made.guards.line_factor == Decimal("2.5")
    assert made.policy.malformed_share_max == Decimal("0.02")


def test_without_settings_the_safe_choice_is_made():
    """Guards are on, nothing is added, ambiguity is skipped and zeroing is bounded, unless somebody decides."""
    made = settings()

    assert made.review is ReviewMode.GUARDS
    assert (made.policy.add_lines, made.policy.zeroing_limit) == (False, 25)
    assert (made.policy.contract_choice.value, made.policy.several_lines.value) == ("only_one", "skip")
    assert made.policy.effective_date.value == "next_period_start"
    assert None not in (
        made.guards.line_factor,
        made.guards.customer_share,
        made.guards.run_lines,
        made.guards.run_amount,
        made.guards.record_share,
    )
    assert made.pool_name == "psa_kaseya_bms"


def test_a_guard_can_be_switched_off_by_name():
    """``None`` switches one guard off and leaves the others on."""
    guards = Guards(line_factor=None)

    assert guards.line_factor is None
    assert guards.customer_share == Decimal("0.5")
