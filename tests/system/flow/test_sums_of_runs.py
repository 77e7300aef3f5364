"""What a real close keeps for Dashboard and Mappings agrees with its diff."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

from billing_providers.engine.mapping import load_customer_map
from billing_providers.engine.mapping_table import decided_table
from billing_providers.ledger.paging import Slice
from billing_providers.model.mapping_decisions import DecidedMapping, MappedKind, MappingDecision
from billing_providers.model.mapping_states import MappingStanding
from billing_providers.model.run_totals import RunTotalBy
from tests.support.closing import closing


def test_a_close_keeps_its_sums_and_a_run_over_a_part_hides_none(tmp_path: Path) -> None:
    """Every group adds up to the whole, and the whole moves by what the diff says."""
    with closing(tmp_path) as msp:
        first = msp.close()
        ledger = first.ledger
        totals = ledger.run_totals.of_run(first.run_key)
        msp.close("r2", customers=["ASP"])
        dry = msp.run("r3", dry_run=True)
        dry.plan()
        dry.report()

        whole = next(one for one in totals if one.grouped_by is RunTotalBy.ALL)
        diff = ledger.diffs.load(first.diff["digest"])
        assert whole.lines > 20
        assert whole.changes == len(diff.changes)
        assert whole.after - whole.before == dict(diff.totals)["price_delta"]
        for by in (RunTotalBy.CUSTOMER, RunTotalBy.SERVICE, RunTotalBy.MODULE):
            of_group = [one for one in totals if one.grouped_by is by]
            assert sum((one.after for one in of_group), Decimal(0)) == whole.after
            assert sum(one.lines for one in of_group) == whole.lines
        assert [one.run_key for one in ledger.run_totals.periods(first.settings.integration, 9)] == [first.run_key]


def test_a_suggestion_that_is_accepted_is_mapped_by_the_next_run(tmp_path: Path) -> None:
    """From the finding over the decision and the table's text to the account."""
    with closing(tmp_path) as msp:
        first = msp.close()
        ledger, name = first.ledger, first.settings.integration
        open_ones = ledger.mapping_states.page(
            name, MappedKind.CUSTOMER, Slice(), state=MappingStanding.UNMAPPED.value, offered=True
        )
        chosen = open_ones.items[0]
        decided = DecidedMapping(
            name, MappedKind.CUSTOMER, chosen.subject, 0, MappingDecision.MAP, chosen.offers[0].target,
            chosen.offers[0].shown, "", None, "ann", first.context["dag_run"].run_after,
        )  # fmt: skip
        ledger.mapping_decisions.add([decided])
        table = tmp_path / "customers.csv"
        before = Path(msp.settings.customer_map).read_text(encoding="utf-8") if msp.settings.customer_map else ""
        made = decided_table(before, MappedKind.CUSTOMER, ledger.mapping_decisions.standing(name, MappedKind.CUSTOMER))
        table.write_text(made.text, encoding="utf-8")
        msp.change(customer_map=str(table))
        msp.close("r2")

        after = ledger.mapping_states.page(name, MappedKind.CUSTOMER, Slice(), subject=chosen.subject).items[0]
        assert load_customer_map(made.text, "t").entry(chosen.subject) is not None
        assert chosen.subject in [row[0] for row in csv.reader(io.StringIO(made.text)) if row]
        assert (after.state, after.in_force) == (MappingStanding.MAPPED, True)
