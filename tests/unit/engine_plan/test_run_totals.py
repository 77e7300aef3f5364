"""The sums of a run: exact, of what is billed, over the lines that the run reaches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from billing_providers.engine.run_totals import run_totals
from billing_providers.model.changes import ChangeKind, FieldChange, LineField
from billing_providers.model.run_totals import RunTotal, RunTotalBy
from billing_providers.model.seen_lines import SeenLine
from tests.support.ledger_values import contract_diff, line_change, matched_line, seen_line


def seen(line_id: str, quantity: str | None = "10", price: str | None = "2", **values: Any) -> SeenLine:
    return seen_line(
        line_id=line_id,
        quantity=None if quantity is None else Decimal(quantity),
        unit_price=None if price is None else Decimal(price),
        **values,
    )


def totals(*changes: Any, matched: Any = (), lines: Any = ()) -> dict[tuple[RunTotalBy, str], RunTotal]:
    diff = contract_diff(changes=changes, matched=tuple(matched))
    return {(one.grouped_by, one.group_key): one for one in run_totals(diff, lines, "Atria")}


def over_all(*changes: Any, matched: Any = (), lines: Any = ()) -> RunTotal:
    return totals(*changes, matched=matched, lines=lines)[RunTotalBy.ALL, ""]


def sums(one: RunTotal) -> tuple[int, int, int, str, str, int]:
    return one.lines, one.changes, one.held, str(one.before), str(one.after), one.unpriced


def change(line_id: str, after: str, **values: Any) -> Any:
    told: dict[str, Any] = {"unit_price": Decimal("2"), "fields": (), "held_by": ()}
    return line_change(
        change_id=f"c-{line_id}-{values.get('step', 0)}", line_id=line_id, quantity_after=Decimal(after),
        **{**told, **values},
    )  # fmt: skip


def test_a_run_without_lines_comes_to_nothing_and_says_so() -> None:
    """The period stands on the dashboard all the same."""
    assert sums(over_all()) == (0, 0, 0, "0", "0", 0)


def test_unchanged_and_changed_lines_count_and_lines_of_nobody_do_not() -> None:
    """Held changes are counted as if they were approved."""
    found = over_all(
        change("1", "12", held_by=("KS131",)),
        matched=[matched_line(line_id="1", quantity=Decimal(12)), matched_line(line_id="2", quantity=Decimal(10))],
        lines=[seen("1"), seen("2", price="0.1"), seen("3")],
    )

    assert sums(found) == (2, 1, 1, "21.0", "25.0", 0)


def test_what_is_included_or_on_no_invoice_is_not_billed() -> None:
    """A change may set how much is included."""
    included = change("1", "12", fields=(FieldChange(LineField.INCLUDED, "4", "5"),))
    found = over_all(
        included,
        matched=[matched_line(line_id="2", quantity=Decimal(10))],
        lines=[seen("1", included=Decimal(4)), seen("2", billable=False)],
    )

    assert sums(found) == (2, 1, 0, "12", "14", 0)


def test_a_new_line_had_nothing_and_an_ended_one_has_nothing() -> None:
    """Of several dated changes the last one counts."""
    found = over_all(
        change("", "3", kind=ChangeKind.ADD_LINE, quantity_before=None),
        change("1", "8", kind=ChangeKind.END_LINE),
        change("2", "5", step=1),
        change("2", "7", step=2),
        lines=[seen("1"), seen("2")],
    )

    assert sums(found) == (3, 3, 0, "40", "20", 0)


def test_what_has_no_price_or_quantity_is_counted_apart() -> None:
    """It is in neither sum, so that the difference is that of the others."""
    matched = [matched_line(line_id=name, quantity=Decimal(10)) for name in ("1", "2", "3")]

    found = over_all(matched=matched, lines=[seen("1"), seen("2", price=None), seen("3", quantity=None)])

    assert sums(found) == (3, 0, 0, "20", "20", 2)


def test_lines_are_added_up_by_account_service_and_module() -> None:
    """A source without modules counts as one."""
    rmm = {"customer_code": "Datto RMM: A", "sku": "Datto RMM - AllDevices", "quantity": Decimal(10)}
    found = totals(
        matched=[matched_line(line_id="1", **rmm), matched_line(line_id="2", quantity=Decimal(10))],
        lines=[seen("1", account_id="17"), seen("2", service_id="8", service_name="Backup")],
    )

    named = {(key[0].value, key[1]): (one.label, str(one.after)) for key, one in found.items()}
    assert named == {
        ("all", ""): ("", "40"),
        ("customer", "17"): ("Acme", "40"),
        ("module", "Atria"): ("Atria", "20"),
        ("module", "Datto RMM"): ("Datto RMM", "20"),
        ("service", "8"): ("Backup", "20"),
        ("service", "9"): ("O365-E3", "20"),
    }
