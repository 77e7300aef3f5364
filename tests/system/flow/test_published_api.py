"""The tenant offers exactly the published V2 API: no call reads or changes the units of a line."""

from __future__ import annotations

import csv

from tests.support.closing import closing


def test_the_run_ends_with_the_exact_change_list_for_a_person_and_writes_nothing(tmp_path):
    """Never pretend that a strategy works where the tenant lacks it."""
    with closing(tmp_path, bms_shape="published") as msp:
        run = msp.run()
        summary = run.plan()
        run.review()
        pushed = run.push()
        report = run.report()

        assert msp.written() == []
        assert msp.box.control.requests()["writing"] == 0
        assert (pushed["written"], report["result"]) == (0, "Succeeded with warnings")
        assert "KS123" in run.codes()
        assert "KS07" not in run.codes()
        diff = run.ledger.diffs.load(summary["digest"])
        assert run.ledger.journal.states(diff.digest) == {}

        (path,) = (tmp_path / "artifacts" / "atria_to_kaseya_bms").glob("changes-*.csv")
        rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
        expected = msp.box.control.world("2026-11-25")["expected_units"]
        listed = {row["line id"]: row["quantity after"] for row in rows}
        assert len(rows) == len(diff.changes) > 300
        assert {line: units for line, units in listed.items() if line in expected} == {
            line: units for line, units in expected.items() if line in listed
        }
