"""The digest binds a diff to what decided it; JSON keeps it exactly."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from decimal import Decimal

import pytest

from billing_providers.engine.diff_json import diff_from_json, diff_summary, diff_to_json
from billing_providers.engine.digest import policy_digest, verify_digest
from billing_providers.engine.planner import plan
from billing_providers.model.changes import ContractDiff
from billing_providers.model.psa import UnitPeriod
from billing_providers.model.settings import Guards, IntegrationSettings, Policy
from tests.support.plan_scenario import TWO_ACCOUNTS, inputs_of

SCENARIO = (
    TWO_ACCOUNTS
    + """
    # lines
    id  | contract | service | quantity | version
    100 | 11       | 5       | 3        | v7
    101 | 11       | 6       | 40       | v1
    200 | 22       | 5       | 7        |
    # usage
    customer | identifier | name    | sku      | quantity
    ASP      | A100       | Ærø ApS | MS365-BP | 4.5
    BRK      | B200       | Birch   | MS365-BP | 7
    BRK      | B200       | Birch   | NOPE     | 7
    # managed
    line | contract | account | service | customer | sku    | quantity
    101  | 11       | 1       | 6       | ASP      | BKP-WS | 40
    # changes
    # findings
"""
)


def planned() -> ContractDiff:
    return plan(inputs_of(SCENARIO))


def test_a_diff_goes_through_json_and_back_exactly():
    """What push loads is what was reviewed, down to the last digit."""
    diff = planned()

    read = diff_from_json(json.loads(json.dumps(diff_to_json(diff))))

    assert read == diff
    assert verify_digest(read)


@pytest.mark.parametrize(
    "tampered",
    [
        {"quantity_after": Decimal(6)},
        {"quantity_before": None},
        {"line_id": "102"},
        {"held_by": ("KS114",)},
        {"line_version": "v8"},
        {"reason": "because"},
        {"change_id": "0" * 24},
    ],
)
def test_a_changed_change_voids_the_digest(tampered: dict[str, object]):
    """A changed byte of what a person approved is another diff."""
    diff = planned()
    changed = dataclasses.replace(diff.changes[-1], **tampered)  # type: ignore[arg-type]

    assert changed != diff.changes[-1]
    assert verify_digest(diff)
    assert not verify_digest(dataclasses.replace(diff, changes=(*diff.changes[:-1], changed)))


def test_everything_but_the_findings_is_under_the_digest():
    """Fields that decide nothing may differ; a dropped change, a matched line or an input may not."""
    diff = planned()

    assert verify_digest(dataclasses.replace(diff, findings=()))
    for field, value in (
        ("changes", diff.changes[1:]),
        ("matched", diff.matched[1:]),
        ("tenant", "kaseya_bms:other@127.0.0.1"),
        ("applicable", False),
        ("inputs", dataclasses.replace(diff.inputs, tool_version="9.9.9")),
        ("totals", ()),
    ):
        assert not verify_digest(dataclasses.replace(diff, **{field: value})), field


def test_every_input_has_its_digest():
    """Rules, mappings, policy, guards, live lines and the tool's version each change the digest of the diff."""
    inputs, known = inputs_of(SCENARIO), {planned().digest}
    settings, live = inputs.settings, list(inputs.lines)
    row = UnitPeriod(date(2026, 9, 26), date(2026, 10, 25), Decimal(5))
    for changed in (
        {"charge_set": dataclasses.replace(inputs.charge_set, rules_digest="x" * 64)},
        {"snapshot": dataclasses.replace(inputs.snapshot, digest="x" * 64)},
        {"settings": dataclasses.replace(settings, policy=dataclasses.replace(settings.policy, zeroing_limit=99))},
        {"settings": dataclasses.replace(settings, guards=dataclasses.replace(settings.guards, run_lines=99))},
        {"lines": [*live[:-1], dataclasses.replace(live[-1], version="v2")]},
        {"lines": [*live[:-1], dataclasses.replace(live[-1], billable=False)]},
        {"lines": [*live[:-1], dataclasses.replace(live[-1], schedule=(row,))]},
        {"lines": [*live[:-1], dataclasses.replace(live[-1], schedule=(dataclasses.replace(row, posted=True),))]},
        {"tool_version": "9.9.9"},
    ):
        known.add(plan(dataclasses.replace(inputs, **changed)).digest)  # type: ignore[arg-type]

    assert len(known) == 10


def test_the_digest_does_not_know_the_run_or_the_time_of_the_pull():
    """Two runs over the same facts have one digest, so that an approval can be recognised."""
    inputs = inputs_of(SCENARIO)
    later = dataclasses.replace(
        inputs,
        scope=dataclasses.replace(inputs.scope, run_key="dag/other"),
        snapshot=dataclasses.replace(inputs.snapshot, taken_at=inputs.snapshot.taken_at.replace(year=2027)),
    )

    assert plan(later).digest == plan(inputs).digest


def test_policy_digests_compare_settings_by_what_they_decide():
    """Who is notified decides nothing about numbers; a guard does."""

    def digest(**changed: object) -> str:
        return policy_digest(IntegrationSettings(integration="i", source="atria", psa="kaseya_bms", **changed))  # type: ignore[arg-type]

    assert digest(notify=("a@example.com",)) == digest()
    assert len({digest(), digest(guards=Guards(run_lines=None)), digest(policy=Policy(places=1))}) == 3


def test_the_summary_holds_few_changes_inline_and_leaves_many_to_the_artifact():
    """XCom keeps digest, counts, totals and findings; decimals are text."""
    diff = planned()

    small, large = diff_summary(diff, 2), diff_summary(diff, 1, "file:///tmp/diff.json")

    assert small["totals"] == {"cost_delta": "-152", "price_delta": "-380", "quantity_delta": "-38"}
    assert small["margin"] == {"total": "30", "lines": 2, "unknown": 0}
    assert small["counts"] == {
        "add": 0, "changes": 2, "charge_lines": 3, "customers": 2, "customers_skipped": 0, "held": 2,
        "live_lines": 3, "matched": 2, "set": 1, "unchanged": 1, "zero": 1,
    }  # fmt: skip
    assert [change["quantity_after"] for change in small["changes"]] == ["0", "5"]
    assert (large["changes"], large["artifact_uri"]) == ([], "file:///tmp/diff.json")
    assert small["digest"] == large["digest"] == diff.digest
    json.dumps(small)
