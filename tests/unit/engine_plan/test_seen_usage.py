"""Since when the source has shown a quantity, told by its readings alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing_providers.engine.seen_usage import Reading, YoungUsage, figures_of, first_seen, young_usage
from billing_providers.model.charges import ChargeLine
from billing_providers.model.frames import frame_of

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
SEATS = ("ASP", "MS365")
TEN = timedelta(minutes=10)


def reading(minute: int, quantity: str) -> Reading:
    """What was shown some minutes after noon; empty: nothing."""
    figures = {SEATS: (("", "", Decimal(quantity)),)} if quantity else {}
    return Reading(NOON + timedelta(minutes=minute), figures)


def charge(number: int, customer: str, sku: str, quantity: str, *, item: str = "", term: str = "") -> ChargeLine:
    return ChargeLine(
        number, customer, customer, "", sku, term, "", item, "", "", "", Decimal(quantity), None, None, "", 1, "{}"
    )


def test_items_of_a_sku_are_one_figure_and_terms_are_several() -> None:
    """A licence that gets another id is no change; one that gets another term is."""
    charges = [
        charge(1, "ASP", "MS365", "2.50", item="a"),
        charge(2, " ASP", "MS365", "0.5", item="b"),
        charge(3, "ASP", "MS365", "1", term="yearly"),
        charge(4, "BRK", "AV", "0"),
    ]

    assert figures_of(frame_of(ChargeLine, charges)) == {
        SEATS: (("", "", Decimal(3)), ("yearly", "", Decimal(1))),
    }


def test_what_stood_for_the_time_is_not_young() -> None:
    """A change is written once it has stood as long as the debounce says, to the second."""
    now, changed, before = reading(15, "12"), reading(5, "12"), reading(0, "10")

    assert young_usage(now, [changed, before], TEN) == YoungUsage()
    assert young_usage(now, [changed, before], TEN + timedelta(seconds=1)).pairs == {SEATS}


def test_what_flickered_in_between_is_young() -> None:
    """To and fro within the debounce never reaches a line."""
    assert young_usage(reading(15, "12"), [reading(10, "10"), reading(0, "12")], TEN).pairs == {SEATS}


def test_what_is_gone_is_young_like_any_change() -> None:
    """A short read of the source must not set a line to zero."""
    assert young_usage(reading(15, ""), [reading(10, ""), reading(0, "12")], TEN).pairs == {SEATS}
    assert young_usage(reading(15, ""), [reading(4, ""), reading(0, "12")], TEN).pairs == set()


def test_everything_is_young_until_there_is_an_older_reading() -> None:
    """The first run of a period knows nothing of what stood before, neither of what is there nor of what is gone."""
    assert young_usage(reading(15, "12"), [reading(10, "12")], TEN).everything
    assert young_usage(reading(15, "12"), [], TEN).everything
    assert young_usage(reading(15, "12"), [], timedelta(0)) == YoungUsage()


@given(st.lists(st.sampled_from(["", "1", "2"]), min_size=1, max_size=12))
def test_first_seen_is_the_start_of_the_unbroken_stretch(shown: list[str]) -> None:
    """The day of a change is that on which its figure came and stayed; a figure that came back is a new change."""
    readings = [reading(-minute, quantity) for minute, quantity in enumerate(shown)]
    stretch = 0
    while stretch + 1 < len(shown) and shown[stretch + 1] == shown[0]:
        stretch += 1

    assert first_seen(readings[0], [SEATS], iter(readings[1:])) == {SEATS: NOON - timedelta(minutes=stretch)}


def test_no_more_readings_are_taken_than_are_needed() -> None:
    """A period holds thousands of readings; loading one is not free."""
    taken = []

    def earlier():
        for minute in (10, 5, 0, -5):
            taken.append(minute)
            yield reading(minute, "12" if minute == 10 else "10")

    first_seen(reading(15, "12"), [SEATS], earlier())

    assert taken == [10, 5]
