"""A vendor's JSON endpoint by configuration: requests with the period's dates, pages, checks, and secrets that stay."""

from __future__ import annotations

import inspect
import json
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests import PreparedRequest

from billing_providers.errors import (
    FailureClass,
    PeriodError,
    RequestError,
    SecretsError,
    SettingsError,
    SignInRefused,
    UnreadableAnswer,
)
from billing_providers.hooks.http_usage import HttpUsageSource
from billing_providers.hooks.sources import source_for
from billing_providers.hooks.usage_fields import ROW_FIELDS
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.settings import IntegrationSettings
from billing_providers.model.source import UsageSource
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime, Reply, ScriptedServer, reply

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1))
FIELDS = {"customer_code": "customer.ref", "customer_name": "customer.title", "sku": "meter", "quantity": "amount"}
SETTINGS: dict[str, Any] = {
    "path": "/v1/usage",
    "params": {"from": "{period_start}", "to": "{period_end}"},
    "rows": "data.entries",
    "fields": FIELDS,
}
HEADERS = {"X-Api-Key": "key-1234567"}


def entry(number: int, **fields: Any) -> dict[str, Any]:
    return {"customer": {"ref": f"C{number}", "title": "T"}, "meter": "M", "amount": f"{number}.5", **fields}


def listed(*rows: Any, **fields: Any) -> Reply:
    return reply({"data": {"entries": list(rows)}, **fields})


Maker = Callable[..., HttpUsageSource]


@pytest.fixture
def source_of(monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Return a maker of sources that speak to a scripted server; ``connection`` replaces fields of the connection."""

    def made(answer: Any, connection: dict[str, Any] | None = None, **options: Any) -> HttpUsageSource:
        fields = {"conn_type": "http", "host": "api.meterline.example", "schema": "https", "extra": HEADERS}
        set_connection(monkeypatch, "meterline", **{**fields, **(connection or {})})
        source = HttpUsageSource("meterline", clocks=FrozenTime().clocks(), **{**SETTINGS, **options})
        source.client.session.mount(
            "https://", answer if isinstance(answer, ScriptedServer) else ScriptedServer(answer)
        )
        return source

    return made


def test_rows_are_read_through_the_map(source_of: Maker) -> None:
    """Law 12: exact numbers; what no field takes is kept as evidence; the constant fills what the vendor never says."""
    row = entry(1, cost={"value": 7.25, "currency": "GBP"}, window={"from": "2026-10-01", "to": "2026-11-01"}, site="x")
    server = ScriptedServer([listed(row)])
    fields = FIELDS | {"total_cost": "cost.value", "currency": "cost.currency", "period_end": "window.to"}

    source = source_of(server, fields=fields, constants={"unit": "GB", "kind": "usage"})
    read = source.read_usage(OCTOBER)

    assert isinstance(source, UsageSource)
    (record,) = read.records
    assert (record.source, record.position, record.record_id) == ("http_usage", "data.entries[0]", "data.entries[0]")
    assert (record.customer_code, record.customer_name, record.sku) == ("C1", "T", "M")
    assert (record.quantity, record.unit, record.kind.value) == (Decimal("1.5"), "GB", "usage")
    assert (record.total_cost, record.currency, record.period_end) == (Decimal("7.25"), "GBP", OCTOBER.end)
    assert json.loads(record.attributes)["site"] == "x"
    assert (read.complete, read.control_total, read.never_repeats) == (True, None, False)
    assert read.origin == "https://api.meterline.example/v1/usage"


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "/v1/usage?from=2026-10-01&to=2026-11-01"),
        ({"path": "/u/{year}/{month}", "params": None}, "/u/2026/10"),
        (
            {"path": "/u/{period_last_day}", "params": {"all": True, "size": 5, "q": "a b&c"}},
            "/u/2026-10-31?all=true&size=5&q=a+b%26c",
        ),
    ],
)
def test_the_request_names_the_period(options: dict[str, Any], url: str, source_of: Maker) -> None:
    """One setting serves every period."""
    server = ScriptedServer([listed(entry(1))])

    source_of(server, **options).read_usage(OCTOBER)

    (request,) = server.requests
    assert (request.method, request.url) == ("GET", f"https://api.meterline.example{url}")
    assert request.headers["X-Api-Key"] == "key-1234567"
    assert "Authorization" not in request.headers


def test_a_post_sends_its_body_with_the_dates(source_of: Maker) -> None:
    """A POST that only reads is repeated like a GET."""
    server = ScriptedServer([reply({}, 503), listed(entry(1))])
    body = {"filter": {"between": ["{period_start}", "{period_last_day}"], "limit": 3}}

    read = source_of(server, method="post", params=None, body=body).read_usage(OCTOBER)

    assert len(read.records) == 1
    sent = [json.loads(request.body or b"") for request in server.requests]
    assert sent == [{"filter": {"between": ["2026-10-01", "2026-10-31"], "limit": 3}}] * 2


def test_a_month_is_asked_for_only_where_the_period_is_one(source_of: Maker) -> None:
    """A vendor's October is not our 26 October to 25 November."""
    source = source_of(ScriptedServer([]), path="/u/{year}/{month}", params=None)

    with pytest.raises(PeriodError, match="the request asks for a month"):
        source.read_usage(BillingPeriod(date(2026, 10, 26), date(2026, 11, 26)))


# -- pages


def paged_server(pages: list[list[Any]], paging: dict[str, Any]) -> ScriptedServer:
    """A vendor that keeps pages; past the last one it answers an empty page."""
    count = sum(map(len, pages))

    def page_at(index: int) -> Reply:
        rows = pages[index] if index < len(pages) else []
        following = index + 1 < len(pages)
        url = f"/v1/usage?page={index + 1}"
        meta = {"count": count, "pages": len(pages), "next": f"c{index + 1}" if following else None}
        links = {"next": url if following else None}
        headers = {"Link": f'</v1/usage?page=0>; rel="first", <{url}>; rel="next"'} if following else {}
        return reply({"data": {"entries": rows}, "meta": meta, "links": links}, **headers)

    def answer(request: PreparedRequest) -> Reply:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.url or "").query).items()}
        asked |= json.loads(request.body) if request.body else {}
        if paging["kind"] == "cursor":
            return page_at(int(str(asked.get("cursor", "c0"))[1:]))
        if paging["kind"] == "offset":
            rows = [row for page in pages for row in page]
            start = int(asked["offset"])
            return reply({"data": {"entries": rows[start : start + 2]}, "meta": {"count": count}})
        return page_at(int(asked.get("page", 0)) - int(paging.get("first", 0 if paging["kind"] == "link" else 1)))

    return ScriptedServer(answer)


PAGINGS: list[tuple[dict[str, Any], int]] = [
    ({"kind": "page", "param": "page"}, 4),
    ({"kind": "page", "param": "page", "first": 0, "size_param": "size", "size": 100}, 4),
    ({"kind": "page", "param": "page", "pages": "meta.pages"}, 3),
    ({"kind": "offset", "param": "offset"}, 4),
    ({"kind": "offset", "param": "offset", "size_param": "limit", "size": 1000}, 4),
    ({"kind": "cursor", "param": "cursor", "next": "meta.next"}, 3),
    ({"kind": "link", "next": "links.next"}, 3),
    ({"kind": "link", "in": "header"}, 3),
]


@pytest.mark.parametrize(("paging", "calls"), PAGINGS, ids=str)
def test_every_page_is_read_once(paging: dict[str, Any], calls: int, source_of: Maker) -> None:
    """All rows, in order; a server that caps the asked size loses nothing, as a short page ends nothing."""
    server = paged_server([[entry(1), entry(2)], [entry(3), entry(4)], [entry(5)]], paging)

    read = source_of(server, paging=paging).read_usage(OCTOBER)

    assert [record.customer_code for record in read.records] == ["C1", "C2", "C3", "C4", "C5"]
    assert [record.position for record in read.records][-1] == "data.entries[4]"
    assert (read.complete, len(server.requests)) == (True, calls)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(-(10**12), 10**12), max_size=4), min_size=1, max_size=6), st.sampled_from(PAGINGS))
def test_no_split_into_pages_changes_the_sum(amounts: list[list[int]], paged: tuple[dict[str, Any], int]) -> None:
    """Law 12: however the vendor cuts its list, each row counts once and the sum is the list's."""
    paging, _ = paged
    numbers = iter(range(100))
    pages = [[entry(next(numbers), amount=f"{amount}e-3") for amount in page] for page in amounts]
    pages = [page for page in pages if page] or [[]]
    with pytest.MonkeyPatch.context() as patch:
        set_connection(patch, "meterline", host="https://api.meterline.example", extra=HEADERS)
        source = HttpUsageSource("meterline", clocks=FrozenTime().clocks(), **SETTINGS, paging=paging)
        source.client.session.mount("https://", paged_server(pages, paging))
        read = source.read_usage(OCTOBER)

    assert read.complete
    assert sum(record.quantity or 0 for record in read.records) == Decimal(sum(map(sum, amounts))) / 1000
    assert len(read.records) == sum(map(len, amounts))


def test_a_stated_count_saves_the_last_empty_page(source_of: Maker) -> None:
    """The call that would only find nothing is not made."""
    paging = {"kind": "page", "param": "page"}
    server = paged_server([[entry(1)], [entry(2)]], paging)

    read = source_of(server, paging=paging, record_count="meta.count").read_usage(OCTOBER)

    assert (len(read.records), read.complete, len(server.requests)) == (2, True, 2)


def test_paging_may_go_into_the_body_of_a_post(source_of: Maker) -> None:
    """The rest of the body goes along on every page."""
    paging = {"kind": "cursor", "param": "cursor", "next": "meta.next", "in": "body"}
    server = paged_server([[entry(1)], [entry(2)]], paging)
    options = {"method": "POST", "params": None, "body": {"from": "{period_start}"}}

    read = source_of(server, paging=paging, **options).read_usage(OCTOBER)

    assert len(read.records) == 2
    assert [json.loads(request.body or b"") for request in server.requests] == [
        {"from": "2026-10-01"},
        {"from": "2026-10-01", "cursor": "c1"},
    ]


@pytest.mark.parametrize(
    ("paging", "answer", "problem"),
    [
        ({"kind": "page", "param": "p"}, listed(entry(1)), "page 2 repeats page 1"),
        ({"kind": "offset", "param": "o"}, listed(entry(1)), "page 2 repeats page 1"),
        ({"kind": "page", "param": "p", "pages": "n"}, listed(n=3), "page 1 of 3 is empty"),
        ({"kind": "page", "param": "p", "pages": "n"}, listed(entry(1)), "there is no number of pages 'n'"),
        ({"kind": "page", "param": "p", "pages": "n"}, listed(entry(1), n="x"), "n: 'x' is not a number"),
        ({"kind": "cursor", "param": "c", "next": "next"}, listed(next="same"), "repeats page"),
        ({"kind": "cursor", "param": "c", "next": "next"}, listed(entry(1)), "there is no 'next' in the answer"),
        ({"kind": "cursor", "param": "c", "next": "m.next"}, listed(entry(1), m={}), "there is no 'm.next'"),
        ({"kind": "cursor", "param": "c", "next": "next"}, listed(next=["x"]), "next is ['x'], expected a text"),
        (
            {"kind": "link", "next": "next"},
            listed(next="https://evil.example/v1/usage?page=2"),
            "not below https://api",
        ),
        ({"kind": "link", "next": "next"}, listed(next="http://api.meterline.example/v1"), "not below https://api"),
        ({"kind": "link", "next": "next"}, listed(next="//evil.example/v1"), "not below https://api"),
        ({"kind": "link", "next": "next"}, listed(next="https://api.meterline.example@evil.example/"), "not below"),
        ({"kind": "link", "next": "next"}, listed(next="?a=1&a=2"), "one parameter twice"),
        ({"kind": "link", "next": "next"}, listed(next="//[::1"), "is no link"),
        ({"kind": "link", "next": "next"}, listed(next="?page=2"), "repeats page"),
    ],
)
def test_pages_that_cannot_be_trusted_are_an_error(
    paging: dict[str, Any], answer: Reply, problem: str, source_of: Maker
) -> None:
    """Law 3: never a part for the whole, never a page twice; and the key travels to no other host."""
    server = ScriptedServer(lambda request: answer)

    with pytest.raises(UnreadableAnswer) as caught:
        source_of(server, paging=paging).read_usage(OCTOBER)

    assert problem in str(caught.value)
    assert {urlsplit(request.url or "").netloc for request in server.requests} == {"api.meterline.example"}


def test_a_vendor_that_leaves_the_cursor_out_at_the_end_has_a_setting(source_of: Maker) -> None:
    """Only somebody who knows the vendor may say that nothing means the end."""
    paging = {"kind": "cursor", "param": "c", "next": "next", "end": "absent"}
    server = ScriptedServer([listed(entry(1), next="c2"), listed(entry(2))])

    assert len(source_of(server, paging=paging).read_usage(OCTOBER).records) == 2


def test_pages_without_end_are_an_error(source_of: Maker) -> None:
    """A list that always goes on is a defect, not a reason to read for ever."""
    numbers = iter(range(1, 1000))

    def answer(request: PreparedRequest) -> Reply:
        number = next(numbers)
        return listed(entry(number), next=f"c{number}")

    paging = {"kind": "cursor", "param": "c", "next": "next", "pages_max": 5}
    server = ScriptedServer(answer)
    with pytest.raises(UnreadableAnswer, match="the list goes on after 5 pages"):
        source_of(server, paging=paging).read_usage(OCTOBER)

    assert len(server.requests) == 5


# -- what the answer says about itself


@pytest.mark.parametrize(
    ("options", "fields", "why"),
    [
        ({"complete": "final"}, {"final": True}, ""),
        ({"complete": "final"}, {"final": False}, "the usage is not complete (final is False)"),
        ({"complete": "final"}, {"final": "true"}, "the usage is not complete (final is 'true')"),
        ({"complete": "final"}, {}, "does not say that the usage is complete (there is no final)"),
        ({"record_count": "s.count"}, {"s": {"count": 1}}, ""),
        ({"record_count": "s.count"}, {"s": {"count": 2}}, "s.count says 2, 1 rows came"),
        ({"record_count": "s.count"}, {}, "s.count says nothing, 1 rows came"),
        ({"control_total": "s.sum"}, {"s": {"sum": "many"}}, "the control total cannot be read"),
        ({"control_total": "s.sum"}, {}, "the control total s.sum is missing"),
        ({"period_start": "from"}, {"from": "2026-10-01"}, ""),
        ({"period_start": "from"}, {"from": "2026-09-01"}, "from is '2026-09-01', expected 2026-10-01"),
        ({"period_end": "to"}, {"to": "2026-11-01T00:00:00Z"}, ""),
        ({"period_end": "to"}, {"to": "2026-10-31"}, "to is '2026-10-31', expected 2026-11-01"),
        ({"period_end": "to", "end_is_last_day": True}, {"to": "2026-10-31"}, ""),
        ({"period_end": "to"}, {"to": "31/10/2026"}, "the answer is about another period: to is '31/10/2026'"),
        ({"period_end": "to"}, {}, "to is None, expected 2026-11-01"),
    ],
)
def test_an_answer_that_does_not_fit_is_incomplete(
    options: dict[str, Any], fields: dict[str, Any], why: str, source_of: Maker
) -> None:
    """Law 3: what is set must be said and must fit; the rows are kept for looking at, nothing is written from them."""
    read = source_of(ScriptedServer([listed(entry(1), **fields)]), **options).read_usage(OCTOBER)

    assert (read.complete, why in read.incomplete_why, len(read.records)) == (not why, True, 1), read.incomplete_why


def test_the_stated_total_goes_along_for_the_comparison(source_of: Maker) -> None:
    """It is compared with the sum of all rows later, decimal comma included."""
    server = ScriptedServer([listed(entry(1, amount="1,5"), total="1,5")])

    read = source_of(server, control_total="total", decimal_comma=True, constants={"unit_cost": "0.25"}).read_usage(
        OCTOBER
    )

    assert (read.complete, read.control_total) == (True, Decimal("1.5"))
    assert (read.records[0].quantity, read.records[0].unit_cost) == (Decimal("1.5"), Decimal("0.25"))


def test_totals_that_change_between_pages_are_no_total(source_of: Maker) -> None:
    """The list changed while it was read."""
    paging = {"kind": "cursor", "param": "c", "next": "next"}
    answers = [listed(entry(1), next="c2", n=2, sum=4), listed(entry(2), next=None, n=3, sum=5)]

    read = source_of(ScriptedServer(answers), paging=paging, record_count="n", control_total="sum").read_usage(OCTOBER)

    assert read.incomplete_why == "n says 2, 3, 2 rows came; the control total sum is not one number"


def test_a_flag_that_comes_with_the_last_page_counts(source_of: Maker) -> None:
    """A page that says nothing does no harm; one that says no makes the whole incomplete."""
    paging = {"kind": "cursor", "param": "c", "next": "next"}
    silent = [listed(entry(1), next="c2"), listed(entry(2), next=None, final=True)]
    denied = [listed(entry(1), next="c2", final=False), listed(entry(2), next=None, final=True)]

    assert source_of(ScriptedServer(silent), paging=paging, complete="final").read_usage(OCTOBER).complete
    assert not source_of(ScriptedServer(denied), paging=paging, complete="final").read_usage(OCTOBER).complete


def test_waiting_asks_only_where_the_vendor_tells(source_of: Maker) -> None:
    """One page tells; a source without such a flag passes without a request."""
    server = ScriptedServer([listed(final=False), listed(entry(1), final=True)])
    source = source_of(server, complete="final")
    silent = ScriptedServer([])

    assert source.not_ready_why(OCTOBER) == "the vendor says that the usage is not complete (final is False)"
    assert source.not_ready_why(OCTOBER) == ""
    assert source_of(silent).not_ready_why(OCTOBER) == ""
    assert (len(server.requests), len(silent.requests)) == (2, 0)


def test_rows_that_cannot_be_read_are_named(source_of: Maker) -> None:
    """Nothing is dropped silently."""
    server = ScriptedServer([listed(entry(1), None, entry(3, amount="x"), {"amount": 1, "meter": "M"})])

    read = source_of(server).read_usage(OCTOBER)

    assert [(row.position, row.field, row.customer_code) for row in read.malformed] == [
        ("data.entries[1]", "row", ""),
        ("data.entries[2]", "amount", "C3"),
        ("data.entries[3]", "customer.ref", ""),
    ]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"entries": []}, "no list 'data.entries' in the answer (it has entries)"),
        ({"data": {"entries": {}}}, "no list 'data.entries'"),
        ([], "no list 'data.entries' in the answer (it has list)"),
        ("x", "(it has str)"),
    ],
)
def test_another_shape_is_an_error_that_points_at_the_option(body: Any, problem: str, source_of: Maker) -> None:
    """Law 3: rows under another name are not no rows."""
    with pytest.raises(UnreadableAnswer) as caught:
        source_of(ScriptedServer(lambda request: reply(body))).read_usage(OCTOBER)

    assert problem in str(caught.value)
    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)


def test_a_bare_list_is_an_answer_too(source_of: Maker) -> None:
    """Then there are no names beside it."""
    read = source_of(ScriptedServer([reply([entry(1)])]), rows="").read_usage(OCTOBER)

    assert [record.position for record in read.records] == ["answer[0]"]


def test_a_stale_copy_can_be_told(source_of: Maker) -> None:
    """Whoever knows that no two months agree says so."""
    assert source_of(ScriptedServer([listed(entry(1))]), never_repeats=True).read_usage(OCTOBER).never_repeats


# -- options


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"path": "v1/usage"}, "path: is no path"),
        ({"path": "/v1/usage?from={period_start}"}, "the query goes into params"),
        ({"path": "/v1/{period_strat}"}, "path, placeholder: unknown; did you mean period_start?"),
        ({"path": "/v1/{year!r}"}, "path, placeholder: unknown"),
        ({"path": "/v1/{year"}, "path: holds a single brace"),
        ({"params": {"from": "{start}"}}, "params, placeholder: unknown"),
        ({"params": {"from": ["{period_start}"]}}, "params.from: is no plain value"),
        ({"params": {"a": "b"}}, "nothing ties the answer to the billing period"),
        ({"method": "PUT"}, "method: unknown; got 'PUT'; allowed: GET, POST"),
        ({"body": {"a": 1}}, "body: a GET has no body"),
        ({"body": ["a"], "method": "POST"}, "body: is no object"),
        ({"fields": {**FIELDS, "custmer_name": "x"}}, "custmer_name: unknown field; did you mean customer_name?"),
        ({"fields": {"sku": "a", "quantity": "b"}}, "fields: is missing; allowed: customer_code"),
        ({"fields": {"customer_code": "a", "quantity": "b"}}, "nothing says the SKU"),
        ({"fields": {"customer_code": "a", "sku": "b"}}, "nothing says how much"),
        ({"constants": {"sku": "X"}}, "constants.sku: is also in fields"),
        ({"constants": {"skus": "X"}}, "constants: unknown; did you mean sku?"),
        ({"constants": {"unit": 5}}, "constants.unit: is no text"),
        ({"constants": {"kind": "usages"}}, "constants.kind: unknown; did you mean usage?"),
        ({"constants": {"billable": "perhaps"}}, "constants.billable: unknown"),
        ({"constants": {"unit_price": "1,5"}}, "constants.unit_price: '1,5' holds a comma"),
        ({"constants": {"unit_price": ""}}, "constants.unit_price: is empty"),
        ({"constants": {"period_end": "2026-11-01"}}, "cannot be the same in every row"),
        ({"rows": "", "complete": "final"}, "rows: is empty, so the answer is a list"),
        ({"rows": 5}, "rows: is no text"),
        ({"decimal_comma": "yes"}, "decimal_comma: is no switch"),
        ({"paging": {"kind": "pages"}}, "paging.kind: unknown; did you mean page?"),
        ({"paging": {"param": "p"}}, "paging.kind: unknown"),
        ({"paging": {"kind": "none", "param": "p"}}, "paging: unknown; got 'param'; allowed: kind"),
        ({"paging": {"kind": "page"}}, "paging.param: is missing"),
        ({"paging": {"kind": "page", "parm": "p"}}, "paging: unknown; did you mean param?"),
        ({"paging": {"kind": "cursor", "param": "c"}}, "paging.next: is missing"),
        ({"paging": {"kind": "link"}}, "paging.next: is missing"),
        ({"paging": {"kind": "link", "in": "header", "next": "x"}}, "the Link header has no name"),
        ({"paging": {"kind": "link", "next": "x"}, "method": "POST"}, "links are followed by GET"),
        ({"paging": {"kind": "page", "param": "p", "size": 10}}, "size_param and size belong together"),
        ({"paging": {"kind": "page", "param": "p", "first": "1"}}, "paging.first: is no whole number"),
        ({"paging": {"kind": "page", "param": "p", "in": "body"}}, "paging.in: a GET has no body"),
        ({"paging": {"kind": "page", "param": "p", "pages_max": 0}}, "paging.pages_max: is no whole number"),
        ({"paging": {"kind": "page", "param": "from"}}, "params.from: is set by paging"),
        ({"paging": "page"}, "paging: is no object"),
        ({"paging": {"kind": "cursor", "param": "c", "next": "n"}, "rows": ""}, "n needs a name"),
        ({"paging": {"kind": "cursor", "param": "c", "next": "n", "end": "nul"}}, "did you mean null?"),
    ],
)
def test_a_wrong_option_is_a_settings_error(options: dict[str, Any], problem: str) -> None:
    """It names the key, the value, a near one and what is allowed, before anything is read."""
    with pytest.raises(SettingsError) as caught:
        HttpUsageSource("meterline", **{**SETTINGS, **options})

    assert problem in str(caught.value)
    assert str(caught.value).startswith("HTTP source, source_options")


# -- the connection


@pytest.mark.parametrize(
    ("connection", "url"),
    [
        ({"host": "https://api.meterline.example/tenant/", "schema": ""}, "https://api.meterline.example/tenant"),
        ({"host": "api.meterline.example", "schema": "", "port": 8443}, "https://api.meterline.example:8443"),
        ({"host": "127.0.0.1", "schema": "http", "port": 8080}, "http://127.0.0.1:8080"),
    ],
)
def test_the_base_url_is_made_as_airflow_does(connection: dict[str, Any], url: str, source_of: Maker) -> None:
    """Host, schema and port, or a whole URL; without a schema it is https."""
    assert source_of(ScriptedServer([]), connection).client.base_url == url


def test_links_stay_below_the_base_url(source_of: Maker) -> None:
    """A base URL with a path is kept on every page, absolute links included."""
    answers = [
        listed(entry(1), next="https://api.meterline.example/tenant/v1/{usage}?page=2&x={a}"),
        listed(entry(2), next="/elsewhere/v1/usage"),
    ]
    server = ScriptedServer(answers)
    connection = {"host": "https://api.meterline.example/tenant"}

    with pytest.raises(UnreadableAnswer, match=r"not below https://api\.meterline\.example/tenant"):
        source_of(server, connection, paging={"kind": "link", "next": "next"}).read_usage(OCTOBER)

    assert server.requests[1].url == "https://api.meterline.example/tenant/v1/%7Busage%7D?page=2&x=%7Ba%7D"


def test_login_and_password_are_basic_authentication(source_of: Maker) -> None:
    """As HttpHook sends them; a redirect is not followed with them."""
    pair = b64encode(b"ann:pass-word-1").decode()
    moved = reply(None, 302, Location="https://evil.example/")
    server = ScriptedServer([listed(entry(1)), moved])
    source = source_of(server, {"login": "ann", "password": "pass-word-1", "extra": {"Accept-Language": "en"}})

    source.read_usage(OCTOBER)
    with pytest.raises(RequestError, match="redirect"):
        source.read_usage(OCTOBER)

    assert server.requests[0].headers["Authorization"] == f"Basic {pair}"
    assert server.requests[0].headers["Accept-Language"] == "en"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("connection", "secret"),
    [
        ({"extra": {"X-Api-Key": "key-1234567"}}, "key-1234567"),
        ({"extra": {"Authorization": "Bearer tok-7654321"}}, "tok-7654321"),
        ({"login": "ann", "password": "pass-word-1", "extra": {}}, "pass-word-1"),
        ({"login": "ann", "password": "pass-word-1", "extra": {}}, b64encode(b"ann:pass-word-1").decode()),
        ({"login": "key-as-login-1", "extra": {}}, "key-as-login-1"),
    ],
)
def test_no_secret_is_in_any_text(connection: dict[str, Any], secret: str, source_of: Maker) -> None:
    """Law 14: a vendor that repeats the key in its refusal does not bring it into our messages; nobody asks twice."""
    server = ScriptedServer(lambda request: reply({"message": f"bad {secret}"}, 401))

    with pytest.raises(SignInRefused) as caught:
        source_of(server, connection).read_usage(OCTOBER)

    assert secret not in f"{caught.value} {caught.value.body} {caught.value!r}"
    assert (len(server.requests), caught.value.finding_number) == (1, 3)


@pytest.mark.parametrize(
    ("connection", "problem"),
    [
        ({"host": ""}, "host: api url is not available"),
        ({"schema": "http"}, "plain http would send credentials readably"),
        ({"password": "secret-99"}, "login: a password without login is not sent"),
        ({"login": "a", "extra": {"authorization": "secret-99"}}, "login and the extra's Authorization exclude"),
        ({"extra": {"verify": False}}, "extra verify: is not supported"),
        ({"extra": {"proxies": {"https": "secret-99"}}}, "extra proxies: is not supported"),
        ({"extra": {"srv_lookup": True}}, "extra srv_lookup: is not supported"),
        ({"extra": {"X Key": "secret-99"}}, "extra X Key: cannot be sent as a header"),
        ({"extra": {"Content-Length": "5"}}, "extra Content-Length: cannot be sent as a header"),
        ({"extra": {"X-Key": {"a": "secret-99"}}}, "extra X-Key: is no text"),
    ],
)
def test_a_connection_that_cannot_be_used_is_named(connection: dict[str, Any], problem: str, source_of: Maker) -> None:
    """The field is named, its value never."""
    with pytest.raises(SettingsError) as caught:
        source_of(ScriptedServer([]), connection)

    assert problem in str(caught.value)
    assert "secret-99" not in str(caught.value)


def test_options_of_requests_are_no_headers(source_of: Maker) -> None:
    """What an http connection holds for HttpHook besides headers is not sent to the vendor."""
    server = ScriptedServer([listed(entry(1))])
    extra = {**HEADERS, "timeout": 5, "allow_redirects": True, "verify": True, "proxies": {}}

    source_of(server, {"extra": extra}).read_usage(OCTOBER)

    assert set(map(str.casefold, server.requests[0].headers)) == {
        "user-agent", "accept", "accept-encoding", "connection", "x-api-key"
    }  # fmt: skip


def test_plain_http_is_possible_where_a_person_says_so(source_of: Maker) -> None:
    """For tests inside one network."""
    assert source_of(ScriptedServer([]), {"schema": "http"}, allow_http=True).client.base_url.startswith("http://")


def test_a_missing_connection_is_code_16() -> None:
    """KS16 names the connection that is to be created."""
    source = HttpUsageSource("no_such_connection", **SETTINGS)

    assert source.test_connection()[0] is False
    with pytest.raises(SecretsError, match="no_such_connection") as caught:
        _ = source.client
    assert caught.value.finding_number == 16


def test_testing_tries_the_map_on_the_first_row(source_of: Maker) -> None:
    """A wrong name in the map is seen before the first run."""
    assert source_of(lambda request: listed(entry(1))).test_connection()[0] is True

    works, why = source_of(lambda request: listed({"meter": "M", "amount": 1})).test_connection()

    assert (works, why) == (
        False,
        "The endpoint answers, but its first row cannot be read: customer.ref is empty",
    )
    assert source_of(lambda request: reply({}, 404)).test_connection()[0] is False


def test_the_page_names_every_option_and_its_example_reads_its_answer(source_of: Maker) -> None:
    """Whoever pastes it gets a source that reads the answer printed above it."""
    page = (Path(__file__).parents[3] / "docs" / "http-source.md").read_text(encoding="utf-8")
    (pasted,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    answer = json.loads(re.findall(r"```text\n(\{.*?)```", page, re.DOTALL)[0])
    answer["data"]["cursor"] = None
    options = json.loads(pasted)["source_options"]

    read = source_of(ScriptedServer([reply(answer)]), **options).read_usage(OCTOBER)

    assert isinstance(
        source_for(IntegrationSettings(integration="x", psa="kaseya_bms", **json.loads(pasted))), HttpUsageSource
    )
    (record,) = read.records
    assert (record.customer_code, record.sku, str(record.quantity)) == ("ML-OBRI", "mail.archive", "27.08")
    assert (str(record.total_cost), record.currency, record.period_end) == ("2.44", "EUR", OCTOBER.end)
    assert read.incomplete_why == "summary.count says 58, 1 rows came"
    named = set(inspect.signature(HttpUsageSource).parameters) - {"http_conn_id", "limits", "clocks"}
    assert [word for word in (*named, *ROW_FIELDS) if f"`{word}`" not in page] == []
