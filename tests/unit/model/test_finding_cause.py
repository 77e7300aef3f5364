"""A finding is recognised over the months by what causes it, not by its figures."""

from __future__ import annotations

from billing_providers.model.finding_cause import cause_of, customer_of
from billing_providers.model.findings import FindingVoice

VOICE = FindingVoice()


def unmapped(**changes):
    values = {"customer": "ASP", "customer_name": "Aspen", "sku": "O365", "count": 3, "quantity": "12", **changes}
    values.setdefault("service", "")
    return VOICE.finding(131, after="12", rule="up", **values)


def test_the_next_month_has_the_same_cause():
    """Counts, quantities, positions and a customer's new name make no new cause."""
    october = unmapped()
    november = unmapped(count=4, quantity="13", customer_name="Aspen Ltd", position="row 9")

    assert cause_of(october) == cause_of(november)


def test_another_customer_sku_line_or_code_is_another_cause():
    """Notes of one customer never show at another."""
    others = [
        unmapped(customer="BEE"),
        unmapped(sku="O365-E5"),
        unmapped(line="17"),
        VOICE.finding(143, customer="ASP", customer_name="Aspen", sku="O365", quantity="1.5", service=""),
    ]

    assert len({cause_of(unmapped()), *(cause_of(one) for one in others)}) == 5


def test_a_finding_without_a_code_of_its_customer_is_told_by_the_name():
    """Findings about an account know only its name; two accounts are two causes all the same."""
    first = VOICE.finding(131, customer_name="Aspen", quantity="1.5", service="", after="2", rule="up")
    second = VOICE.finding(131, customer_name="Beech", quantity="1.5", service="", after="2", rule="up")

    assert (customer_of(first), customer_of(second)) == ("Aspen", "Beech")
    assert cause_of(first) != cause_of(second)


def test_values_cannot_run_into_each_other():
    """A SKU that looks like two names stays one."""
    assert cause_of(unmapped(sku='a","b')) != cause_of(unmapped(sku="a", term="b"))


def test_a_cause_is_the_same_in_every_version():
    """It is stored beside notes, which have to be found again after an update."""
    assert cause_of(unmapped()) == "11f11f643284af77f9ce"
