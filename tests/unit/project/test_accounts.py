"""The accounts of the tests that break things: what they count, and that they count over processes."""

from __future__ import annotations

from collections import Counter

from tests.support import accounts
from tests.support.accounts import Account, Verdict, close_accounts, open_accounts

LINE, OTHER, STRANGE = ("31", "units", "5"), ("32", "units", "7"), ("99", "units", "1")


def test_a_line_is_written_once_twice_lost_or_unexplained():
    """Each write that the PSA tells is explained by exactly one that was intended."""
    verdict = accounts.compare(Counter([LINE, OTHER]), Counter([LINE, LINE, STRANGE]))

    assert verdict == Verdict(intended=2, once=1, twice=1, lost=1, unexplained=1)
    assert not verdict.clean
    assert accounts.compare(Counter([LINE, OTHER]), Counter([OTHER, LINE])).clean


def test_a_write_that_was_intended_twice_is_written_twice_without_fault():
    """Two runs may set a line to the same number, with another number between."""
    assert accounts.compare(Counter([LINE, LINE]), Counter([LINE, LINE])) == Verdict(intended=2, once=2)


def test_the_session_ends_with_a_line_for_each_account(monkeypatch):
    """Counts of one name are summed, whichever test and process noted them."""
    monkeypatch.setenv(accounts.FILE, "")  # this session's own accounts come back afterwards
    open_accounts()
    Account("kills").fault()
    Account("kills").judge(Counter([LINE]), Counter([LINE]))
    Account("kills").judge(Counter([OTHER]), Counter())
    Account("faults").fault(3)

    assert close_accounts() == [
        "faults: 0 scenarios, 3 faults injected, 0 lines intended, 0 written once, 0 written twice, 0 lost, "
        "0 unexplained",
        "kills: 2 scenarios, 1 faults injected, 2 lines intended, 1 written once, 0 written twice, 1 lost, "
        "0 unexplained",
    ]
