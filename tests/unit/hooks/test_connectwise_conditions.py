"""Conditions say what they were built from, whatever the value; a parser of its own reads them back."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from billing_providers.hooks.cw.conditions import Condition

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"[^"]*"|'[^']*') | \[(?P<day>[^\]]*)\] | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_/]*) | (?P<sign><=|>=|!=|[=<>(),])
    )""",
    re.VERBOSE,
)


def tokens(text: str) -> list[tuple[str, str]]:
    """Cut a condition into tokens, as the server's grammar tells them apart; nothing may be left over."""
    found, place = [], 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        assert token is not None, f"not a token: {text[place:]!r}"
        kind = str(token.lastgroup)
        value = token[kind]
        found.append((kind, value[1:-1] if kind == "text" else value))
        place = token.end()
    return found


ANY_TEXT = some.text(some.characters(codec=None), max_size=40) | some.text("""ab"'%*&\\[]()=,\n\t\x00 """, max_size=12)


@given(ANY_TEXT)
def test_a_text_arrives_as_it_is_or_is_not_sent(text: str) -> None:
    """Whatever a customer is called, the condition is about that name and nothing else."""
    try:
        condition = Condition.compare("name", "=", text).text
    except ValueError as refused:
        assert repr(text) in str(refused)
        return

    assert tokens(condition) == [("word", "name"), ("sign", "="), ("text", text)]


@given(some.lists(ANY_TEXT, min_size=1, max_size=4))
def test_a_list_of_texts_arrives_as_it_is(texts: list[str]) -> None:
    """A comma or a bracket within a name ends neither the name nor the list."""
    try:
        condition = Condition.one_of("company/name", texts).text
    except ValueError:
        return

    assert [value for kind, value in tokens(condition) if kind == "text"] == texts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Aspen & Co", '"Aspen & Co"'),
        ("100% *free*", '"100% *free*"'),
        ("O'Neil", '"O\'Neil"'),
        ('The "Shed"', "'The \"Shed\"'"),
        ("[2026] (old)", '"[2026] (old)"'),
        ("Zürich Ünïcode", '"Zürich Ünïcode"'),
        ("", '""'),
    ],
)
def test_ordinary_names_can_be_said(text: str, said: str) -> None:
    """One kind of quote, percent signs and brackets are no reason to refuse."""
    assert Condition.compare("name", "=", text).text == f"name = {said}"


@pytest.mark.parametrize("text", ["a\"b'c", "a\\b", "a\nb", "a\x00b", "a\u2028b", "a\u200bb", "a\ud800"])
def test_a_text_that_might_not_arrive_is_refused(text: str) -> None:
    """No escape is published, so nothing is hoped for."""
    with pytest.raises(ValueError, match="conditions:"):
        Condition.compare("name", "=", text)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, "7"),
        (-7, "-7"),
        (Decimal("10.50"), "10.5"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (date(2026, 10, 1), "[2026-10-01T00:00:00Z]"),
        (datetime(2026, 10, 1, 8, 30, tzinfo=UTC), "[2026-10-01T08:30:00Z]"),
        (datetime(2026, 10, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))), "[2026-09-30T23:00:00Z]"),
    ],
)
def test_every_kind_of_value_has_its_form(value: Any, said: str) -> None:
    """Instants are UTC and carry no offset; numbers are exact."""
    assert Condition.compare("x", "!=", value).text == f"x != {said}"


@pytest.mark.parametrize("value", [1.5, datetime(2026, 10, 1), b"x", ["x"]])
def test_a_value_without_a_form_is_refused(value: Any) -> None:
    """Floats and instants without a zone mean something else on the other side."""
    with pytest.raises(ValueError, match="conditions:"):
        Condition.compare("x", "=", value)


def test_conditions_join_without_changing_their_meaning() -> None:
    """Brackets stand where the words differ, and only there."""
    a, b, c = (Condition.compare(name, "=", 1) for name in "abc")

    assert (a & b & c).text == "a = 1 and b = 1 and c = 1"
    assert ((a | b) & c).text == "(a = 1 or b = 1) and c = 1"
    assert (a | (b & c)).text == "a = 1 or (b = 1 and c = 1)"
    assert Condition.one_of("company/id", [1, 2]).text == "company/id in (1, 2)"


@pytest.mark.parametrize(
    ("path", "operator", "value"),
    [
        ("name = 1 or x", "=", 1),
        ("", "=", 1),
        ("company/", "=", 1),
        ("name", "like", "x"),
        ("name", "= 1 or", 1),
        ("name", "contains", "100%"),
        ("name", "contains", 7),
    ],
)
def test_only_field_names_and_known_operators_are_joined(path: str, operator: str, value: Any) -> None:
    """A wildcard or a second condition never slips in."""
    with pytest.raises(ValueError, match="conditions:"):
        Condition.compare(path, operator, value)


def test_a_choice_of_nothing_is_refused() -> None:
    """An empty list would find nothing, which looks like nothing being there."""
    with pytest.raises(ValueError, match="at least one value"):
        Condition.one_of("id", [])
