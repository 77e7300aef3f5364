"""What the Atria hook makes of answers that are paged, short, or of another shape."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from requests import PreparedRequest

from billing_providers.errors import UnreadableAnswer
from billing_providers.hooks.atria import AtriaHook
from billing_providers.model.periods import BillingPeriod
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime, Reply, ScriptedServer, reply

PERIOD = BillingPeriod(date(2026, 10, 26), date(2026, 11, 26))
Hooks = Callable[..., AtriaHook]


def row(number: int) -> dict[str, Any]:
    return {"customerCode": "ASP", "sku": f"S{number}", "quantity": number, "recordId": f"r{number}"}


@pytest.fixture
def hook_of(monkeypatch: pytest.MonkeyPatch) -> Hooks:
    """Return a hook that speaks to a scripted server; ``extra`` are fields of its connection."""

    def made(server: ScriptedServer, exclusive_end: bool = False, **extra: Any) -> AtriaHook:
        set_connection(monkeypatch, "atria", host="https://atria.example", password="tok-1234567", extra=extra)
        hook = AtriaHook("atria", exclusive_end=exclusive_end, clocks=FrozenTime().clocks())
        hook.client.session.mount("https://", server)
        return hook

    return made


@pytest.mark.parametrize(("exclusive_end", "named"), [(False, "2026-11-25"), (True, "2026-11-26")])
def test_a_period_is_asked_for_by_its_last_day(exclusive_end: bool, named: str, hook_of: Hooks) -> None:
    """All rows are wanted, not billable ones too; an Atria that counts otherwise has a setting."""
    server = ScriptedServer([reply({"items": [row(1)]})])

    read = hook_of(server, exclusive_end).read_usage(PERIOD)

    (request,) = server.requests
    assert request.url == f"https://atria.example/api/billing/{named}?billableOnly=false"
    assert request.headers["Authorization"] == "Bearer tok-1234567"
    assert (len(read.records), read.complete, read.control_total) == (1, True, None)
    assert read.origin == f"https://atria.example/api/billing/{named}"


@pytest.mark.parametrize(
    "following",
    [2, "2", "?page=2", "/api/billing/2026-11-25?page=2", "https://elsewhere.example/api?page=2"],
)
def test_pages_are_followed_on_the_same_server(following: object, hook_of: Hooks) -> None:
    """A number or a link; of a link only the query counts, so the token never travels elsewhere."""

    def answer(request: PreparedRequest) -> Reply:
        url = urlsplit(request.url or "")
        assert url.netloc == "atria.example"
        page = parse_qs(url.query).get("page")
        shown = [row(1)] if page is None else [row(2)]
        return reply({"recordCount": 2, "items": shown, "nextPage": following if page is None else None})

    read = hook_of(ScriptedServer(answer)).read_usage(PERIOD)

    assert [record.record_id for record in read.records] == ["r1", "r2"]
    assert [record.position for record in read.records] == ["items[0]", "items[1]"]
    assert read.complete


def test_pages_that_never_end_are_an_error(hook_of: Hooks) -> None:
    """A page that names an earlier one as the next would be billed again and again."""
    server = ScriptedServer(lambda request: reply({"items": [row(1)], "nextPage": 2}))

    with pytest.raises(UnreadableAnswer, match="names itself as the next page"):
        hook_of(server).read_usage(PERIOD)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"items": [row(1)], "recordCount": 2}, "Atria announces 2 rows and sent 1"),
        ({"items": [row(1)], "complete": False}, "Atria says that the period's billing is not complete"),
        ({"items": [row(1)], "complete": "no"}, "Atria says that the period's billing is not complete"),
        ({"items": [], "periodEnd": "2026-10-25"}, "periodEnd is 2026-10-25, expected 2026-11-25"),
        ({"items": [], "periodStart": "2026-10-01"}, "periodStart is 2026-10-01, expected 2026-10-26"),
        ({"items": [], "totalQuantity": "many"}, "the control total cannot be read"),
    ],
)
def test_an_answer_that_does_not_fit_is_incomplete(answer: dict[str, Any], why: str, hook_of: Hooks) -> None:
    """Law 3: its rows are kept for looking at, and nothing is written from them."""
    read = hook_of(ScriptedServer([reply(answer)])).read_usage(PERIOD)

    assert read.complete is False
    assert why in read.incomplete_why


def test_every_page_is_asked_whether_the_period_is_complete(hook_of: Hooks) -> None:
    """Law 3: a no in the middle of the list is no yes, whatever the first and the last page say."""

    def answer(request: PreparedRequest) -> Reply:
        number = int(parse_qs(urlsplit(request.url or "").query).get("page", ["1"])[0])
        following = number + 1 if number < 3 else None
        return reply({"items": [row(number)], "complete": number != 2, "nextPage": following})

    read = hook_of(ScriptedServer(answer)).read_usage(PERIOD)

    assert (len(read.records), read.complete) == (3, False)
    assert read.incomplete_why == "Atria says that the period's billing is not complete"


def test_a_total_that_cannot_be_read_is_called_as_the_tenant_calls_it(hook_of: Hooks) -> None:
    """The name in the message is the one to look for in the answer."""
    server = ScriptedServer([reply({"items": [], "meta": {"sum": "many"}})])

    read = hook_of(server, field_map='{"total_quantity": "meta.sum"}').read_usage(PERIOD)

    assert read.incomplete_why.startswith("the control total cannot be read (meta.sum: 'many' is not a number")


@pytest.mark.parametrize("answer", [[], {"rows": []}, {"items": {"a": 1}}, {}])
def test_another_shape_is_an_error_that_points_at_the_field_map(answer: Any, hook_of: Hooks) -> None:
    """Law 3: rows under another name are not no rows."""
    with pytest.raises(UnreadableAnswer) as caught:
        hook_of(ScriptedServer(lambda request: reply(answer))).read_usage(PERIOD)

    assert caught.value.finding_number == 3


def test_a_field_map_finds_everything_elsewhere(hook_of: Hooks) -> None:
    """Another tenant's names for rows, counts and fields; given as text, as the form does."""
    body = {"meta": {"count": 1, "sum": 3}, "result": {"rows": [{"who": {"code": "ASP"}, "article": "A", "n": 3}]}}
    field_map = (
        '{"rows": "result.rows", "record_count": "meta.count", "total_quantity": "meta.sum",'
        ' "customer_code": "who.code", "sku": "article", "quantity": "n"}'
    )

    read = hook_of(ScriptedServer([reply(body)]), field_map=field_map).read_usage(PERIOD)

    assert [(record.customer_code, record.sku, record.quantity) for record in read.records] == [
        ("ASP", "A", Decimal(3))
    ]
    assert (read.complete, read.control_total) == (True, Decimal(3))


def test_a_row_that_is_no_object_is_malformed(hook_of: Hooks) -> None:
    """Nothing is dropped silently."""
    read = hook_of(ScriptedServer([reply({"items": [row(1), None, "x"], "recordCount": 3})])).read_usage(PERIOD)

    assert [(malformed.position, malformed.field) for malformed in read.malformed] == [
        ("items[1]", "row"),
        ("items[2]", "row"),
    ]
    assert read.complete
