from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import pytest

from billing_providers.errors import PushRefused
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.runs import Approval
from billing_providers.push.clearance import cleared_changes
from tests.support.diffs import SCOPE, change, diff_of

FREE, HELD = change("c1"), change("c2", line_id="101", held_by=("KS114",))
DIFF = diff_of(FREE, HELD)
NOW = datetime(2026, 10, 27, tzinfo=UTC)


def decision(word: str, **fields) -> Approval:
    return dataclasses.replace(Approval(DIFF.digest, SCOPE.run_key, word, "ann", NOW, ""), **fields)


def clear(approval, diff=DIFF, scope=SCOPE, holds=True):
    return cleared_changes(diff, approval, scope, digest_holds=lambda _: holds)


def test_approval_by_a_person_clears_the_held_changes_too():
    """Tripped guards hold exactly what they name until a person approves."""
    assert clear(decision("approved")) == (FREE, HELD)
    assert clear(decision("not_needed")) == (FREE,)


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ({"approval": None}, "no decision"),
        ({"approval": decision("rejected")}, "rejected by ann"),
        ({"approval": decision("approved", digest="e" * 64)}, "no decision"),
        ({"approval": decision("approved", run_key="other/run")}, "no decision"),
        ({"approval": decision("approved"), "holds": False}, "does not fit its digest"),
        ({"approval": decision("approved"), "scope": dataclasses.replace(SCOPE, dry_run=True)}, "dry run"),
        ({"approval": decision("approved"), "scope": dataclasses.replace(SCOPE, tenant="other")}, "on other"),
        (
            {
                "approval": decision("approved"),
                "scope": dataclasses.replace(SCOPE, period=BillingPeriod(date(2026, 8, 26), date(2026, 9, 26))),
            },
            "period",
        ),
    ],
)
def test_push_fails_closed_when_diff_approval_or_run_do_not_fit(case, text):
    """A diff changed after review, a dry run, a foreign tenant or period: nothing is written."""
    with pytest.raises(PushRefused, match=text):
        clear(**case)
