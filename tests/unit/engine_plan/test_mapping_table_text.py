"""The text of a mapping table with decisions in it: read back as it was meant, and nothing else of it changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.mapping import load_customer_map, load_service_map
from billing_providers.engine.mapping_table import IN_FORCE, NAMES_CONTRACT, NOT_READ_BACK, SEVERAL_ROWS, decided_table
from billing_providers.errors import SettingsError
from billing_providers.model.mapping_decisions import DecidedMapping, MappedKind, MappingDecision


def decided(subject: str, target: str = "", **values: Any) -> DecidedMapping:
    told: dict[str, Any] = {
        "integration": "dag", "kind": MappedKind.CUSTOMER, "subject": subject, "seq": 1,
        "decision": MappingDecision.MAP if target else MappingDecision.IGNORE, "target": target, "target_name": "",
        "reason": "", "review_on": None, "decided_by": "ann", "decided_at": datetime(2026, 11, 26, tzinfo=UTC),
    }  # fmt: skip
    return DecidedMapping(**{**told, **values})


def test_a_table_that_is_not_there_yet_begins_with_its_header() -> None:
    """With the columns that decisions need, and no others."""
    made = decided_table("", MappedKind.CUSTOMER, [decided("ASP", "11"), decided("BIR", reason="trial")])

    assert made.text == "customer_code,account_id,ignore\nASP,11,\nBIR,,trial\n"


def test_a_decision_takes_the_place_of_the_only_row_and_all_others_stay() -> None:
    """Order, comments, blank lines and odd spacing are a person's."""
    text = "\ufeff# by hand\ncustomer_code,account_code,account_id\n\nASP, A1 \nBIR,B1\n"

    made = decided_table(text, MappedKind.CUSTOMER, [decided("ASP", "11")])

    assert made.text == ("\ufeff# by hand\ncustomer_code,account_code,account_id,ignore\n\nASP,,11,\nBIR,B1\n")


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("ASP,11,,0.5\nASP,12,,0.5\n", SEVERAL_ROWS),
        ("ASP,12,Managed,\n", NAMES_CONTRACT),
        ("ASP,11,,\n", IN_FORCE),
    ],
)
def test_what_a_person_has_to_change_is_left_as_it_is_and_told(rows: str, why: str) -> None:
    """A split or a named contract would be lost."""
    text = "customer_code,account_id,contract,share\n" + rows

    made = decided_table(text, MappedKind.CUSTOMER, [decided("ASP", "11")])

    assert made.left_out == {"ASP": why}
    assert load_customer_map(made.text, "t").digest == load_customer_map(text, "t").digest


def test_a_code_that_begins_like_a_comment_is_read_back() -> None:
    """It is marked as text, and so no line that is skipped."""
    made = decided_table("", MappedKind.CUSTOMER, [decided("#1", "11"), decided("BIR", "12")])

    assert made.left_out == {}
    assert set(load_customer_map(made.text, "t").entries) == {"#1", "BIR"}


@pytest.mark.parametrize("subject", [" padded ", ""])
def test_what_a_table_cannot_hold_is_told_and_the_rest_is_kept(subject: str) -> None:
    """A code with blanks around it would be another."""
    made = decided_table("", MappedKind.CUSTOMER, [decided(subject, "11"), decided("BIR", "12")])

    assert made.left_out == {subject: NOT_READ_BACK}
    assert set(load_customer_map(made.text, "t").entries) == {"BIR"}


def test_a_row_of_one_customer_is_not_the_row_of_all() -> None:
    """A SKU that one customer has rows of its own for keeps them."""
    text = "sku,service_id,customer_code\nO365,1,ASP\nO365,2,\n"

    made = decided_table(text, MappedKind.SERVICE, [decided("O365", "3", kind=MappedKind.SERVICE)])

    table = load_service_map(made.text, "t")
    entries = [table.entry("O365", "", "ASP"), table.entry("O365", "", "BIR")]
    assert [entry.all_parts()[0].target.service_id for entry in entries if entry] == ["1", "3"]


def test_who_wrote_the_rows_stands_above_them_and_opens_no_quote() -> None:
    """A name is a name, whatever it holds."""
    made = decided_table("", MappedKind.CUSTOMER, [decided("ASP", "11")], 'now, ann,"x\n"y')

    assert made.text == "customer_code,account_id,ignore\n# now  ann  x  y\nASP,11,\n"


def test_a_grid_and_a_broken_table_are_refused() -> None:
    """Neither is written over."""
    grid = "account_id,account_name,Datto RMM\n1,Aspen,ASP\n"
    with pytest.raises(SettingsError, match="grid of organizations"):
        decided_table(grid, MappedKind.CUSTOMER, [decided("ASP", "11")])
    with pytest.raises(SettingsError, match="unknown column"):
        decided_table("customer_code,colour\nASP,red\n", MappedKind.CUSTOMER, [])


def test_rows_that_begin_like_a_formula_are_counted() -> None:
    """They have to be read back exactly, so they are written exactly, and told."""
    made = decided_table("", MappedKind.CUSTOMER, [decided('=1+1,"x"', "11"), decided("BIR", "12")])

    assert made.formulas == 1
    assert set(load_customer_map(made.text, "t").entries) == {'=1+1,"x"', "BIR"}


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)


@given(
    st.dictionaries(_TEXTS, st.one_of(st.tuples(_TEXTS, st.none()), st.tuples(st.just(""), _TEXTS)), max_size=5),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_decision_comes_back_as_it_was_made_or_is_told(
    chosen: dict[str, tuple[str, str | None]], mark: str, end: str
) -> None:
    """Whatever codes hold: quotes, commas, line ends, formulas, marks of direction."""
    text = f"customer_code{mark}account_code{end}ASP{mark}A1{end}"
    decisions = [decided(code, target, reason=reason or "") for code, (target, reason) in chosen.items()]

    made = decided_table(text, MappedKind.CUSTOMER, decisions, "ann")

    entries = load_customer_map(made.text, "t").entries
    assert set(made.rows) | set(made.left_out) == set(chosen)
    assert set(entries) == {"ASP", *made.rows}
    for code in made.rows:
        target, reason = chosen[code]
        if target:
            assert entries[code].all_parts()[0].target.account_id == target
        else:
            assert entries[code].ignore == " ".join((reason or "").split())


def test_the_day_of_a_review_is_read_back() -> None:
    """It is the end of the reason."""
    made = decided_table("", MappedKind.CUSTOMER, [decided("ASP", reason="trial", review_on=date(2027, 1, 31))])

    assert load_customer_map(made.text, "t").entries["ASP"].review_after == date(2027, 1, 31)
