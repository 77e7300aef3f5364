"""The movement table says of every SKU when it moves, or says in which cell it is wrong."""

from __future__ import annotations

import pytest

from billing_providers.engine.movement import load_movement
from billing_providers.errors import SettingsError
from billing_providers.model.movement import Moves

TABLE = """
sku,term,moves,note
# seats
MS365*,,at_once,a comment
MS365*,yearly,billing_date,
MS365-E5,,when_updated,
MS365-E5|monthly,,at_once,
*,,billing_date,
"""


@pytest.mark.parametrize(
    ("sku", "term", "moves"),
    [
        ("MS365-E5", "", Moves.WHEN_UPDATED),
        ("MS365-E5", "monthly", Moves.AT_ONCE),
        ("MS365-E5", "yearly", Moves.WHEN_UPDATED),  # an exact SKU wins over a pattern with the term
        ("MS365-BP", "yearly", Moves.BILLING_DATE),
        ("MS365-BP", "monthly", Moves.AT_ONCE),
        ("MS365", "", Moves.AT_ONCE),
        ("ms365-bp", "", Moves.BILLING_DATE),  # case counts, as in the mappings
        ("", "", Moves.BILLING_DATE),
    ],
)
def test_the_most_exact_row_decides(sku: str, term: str, moves: Moves) -> None:
    """SKU before pattern, longer before shorter, with the term before without."""
    assert load_movement(TABLE, "m.csv").of(sku, term) is moves


def test_a_sku_whose_terms_differ_has_several_answers() -> None:
    """The register knows no terms: what it holds moves only where all of them agree."""
    table = load_movement(TABLE, "m.csv")

    assert table.of_any_term("MS365-BP") == {Moves.AT_ONCE, Moves.BILLING_DATE}
    assert table.of_any_term("AV") == {Moves.BILLING_DATE}


def test_the_digest_changes_with_what_is_said_and_not_with_its_layout() -> None:
    """A diff names what decided it; order and notes decide nothing."""
    one = load_movement("sku,moves,note\n*,billing_date,\nA,at_once,x\n", "a.csv")
    same = load_movement("moves;sku\nat_once;A\nbilling_date;*\n", "b.csv")
    other = load_movement("sku,moves\n*,billing_date\nA,when_updated\n", "a.csv")

    assert one.digest == same.digest
    assert one.digest != other.digest


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("*,,at_onse", r"m.csv, line 2: moves: is no kind; did you mean 'at_once'\?; got 'at_onse'; allowed: at_once"),
        ("*,,", "m.csv, line 2: moves: is no kind"),
        (",,at_once", "m.csv, line 2: sku: is empty"),
        ("A*B,,at_once", "m.csv, line 2: sku: has a . inside; got 'A.B'"),
        ("A|y,m,at_once", "m.csv, line 2: term: is given beside SKU|term; got 'm'"),
        ("A,y,at_once\nA|y,,billing_date", "m.csv, line 3: sku: repeats m.csv, line 2"),
        ("A,,at_once", "m.csv: sku: the row for every other SKU is missing"),
    ],
)
def test_a_fault_names_its_place(rows: str, told: str) -> None:
    """File, line, column, value, and what is allowed."""
    with pytest.raises(SettingsError, match=told):
        load_movement(f"sku,term,moves\n{rows}\n", "m.csv")
