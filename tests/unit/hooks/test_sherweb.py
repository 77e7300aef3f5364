"""Sherweb's calls as its hook makes them: reads alone, a token per scope, and the period that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from requests import PreparedRequest

from billing_providers.errors import (
    BadRequest,
    FailureClass,
    NotSent,
    RateLimited,
    RequestError,
    SettingsError,
    SignInRefused,
    UnreadableAnswer,
)
from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.sherweb import SherwebHook
from billing_providers.hooks.sources import source_for
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.settings import IntegrationSettings
from billing_providers.model.source import UsageRead
from billing_providers.model.usage import UsageKind
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime, Reply, ScriptedServer, reply

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
SECRET, KEY = "secret-of-the-client", "key-of-the-subscription"
READ_ON = "Mon, 02 Nov 2026 23:30:00 GMT"
PROVIDER = "/service-provider/v1"


def charge(customer: str = "Aspen Ltd", quantity: int = 10, **fields: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "productName": "Microsoft 365",
        "sku": "M365",
        "chargeType": "Recurring",
        "billingCycleType": "Monthly",
        "periodFrom": "2026-10-01",
        "periodTo": "2026-10-31",
        "quantity": quantity,
        "listPrice": 20,
        "netPrice": 20,
        "netPriceProrated": 20,
        "subTotal": 20 * quantity,
        "currency": "CAD",
        "isBilled": True,
        "deductions": None,
        "tags": [{"name": "CustomerDisplayName", "value": customer}],
    }
    return row | fields


def problem(status: int, detail: str) -> Reply:
    body = {"type": "about:blank", "title": "Trouble", "status": status, "detail": detail, "extensions": {}}
    return reply(body, status)


@dataclass
class Sherweb:
    """The answers of one partner; ``refuse`` may answer a request instead. Requests are kept without their host."""

    charges: Any = field(default_factory=lambda: [charge()])
    period: tuple[Any, Any] = ("2026-10-01", "2026-10-31")
    customers: Any = field(default_factory=list)
    held: dict[str, Any] = field(default_factory=dict)  # subscriptions by customer id
    lifetime_s: int = 3600
    refuse: Callable[[str, int], Reply | None] = lambda path, number: None
    tokens: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    methods: set[tuple[str, str]] = field(default_factory=set)

    def answer(self, request: PreparedRequest) -> Reply:
        url = urlsplit(str(request.url))
        self.requests.append(f"{url.path}?{url.query}".removesuffix("?"))
        self.methods.add((str(request.method), url.path))
        refused = self.refuse(url.path, len(self.requests))
        if refused is not None:
            return refused
        if request.headers.get("Ocp-Apim-Subscription-Key") != KEY:
            return reply({"statusCode": 401, "message": "Access denied due to invalid subscription key."}, 401)
        if url.path == "/auth/oidc/connect/token":
            return self._token({name: said[0] for name, said in parse_qs((request.body or b"").decode()).items()})
        scope = "distributor" if url.path.startswith("/distributor/") else "service-provider"
        current = [token for token in self.tokens if token.startswith(scope)][-1:]
        if [request.headers["Authorization"].removeprefix("Bearer ")] != current:
            return problem(401, "The token is not valid")
        return self._answered(url.path, parse_qs(url.query))

    def _token(self, form: dict[str, str]) -> Reply:
        if (form["client_id"], form["client_secret"], form["grant_type"]) != ("CLIENT", SECRET, "client_credentials"):
            return reply({"error": "invalid_client"}, 400)
        self.tokens.append(f"{form['scope']}-token-{len(self.tokens)}")
        return reply({"access_token": self.tokens[-1], "expires_in": self.lifetime_s, "token_type": "Bearer"})

    def _answered(self, path: str, query: dict[str, list[str]]) -> Reply:
        if path.endswith("/billing/payable-charges") or path.endswith("/billing/receivable-charges"):
            return reply({"periodFrom": self.period[0], "periodTo": self.period[1], "charges": self.charges})
        if path == f"{PROVIDER}/customers":
            return reply({"items": self.customers}, Date=READ_ON)
        if path == f"{PROVIDER}/billing/subscriptions/details":
            found = self.held.get(query["customerId"][0])
            return found if isinstance(found, tuple) else reply({"items": found})
        return problem(404, "There is no such call")


HookMaker = Callable[..., Any]


@pytest.fixture
def hook_of(monkeypatch: pytest.MonkeyPatch) -> HookMaker:
    """Return a maker of hooks on a scripted partner."""

    def make(sherweb: Sherweb, time: FrozenTime | None = None, key: str = KEY, **options: Any) -> SherwebHook:
        conn_id = set_connection(
            monkeypatch, "sherweb_unit", login="CLIENT", password=SECRET, extra={"subscription_key": key}
        )
        hook = SherwebHook(conn_id, clocks=(time or FrozenTime()).clocks(), **options)
        server = ScriptedServer(sherweb.answer)
        for api in (hook._distributor, hook._provider):
            api.client.session.mount("https://", server)
        return hook

    return make


def quantities(read: UsageRead) -> dict[str, str]:
    return {record.customer_code: str(record.quantity) for record in read.records}


# -- what is sent


def test_the_charges_of_a_period_are_one_call(hook_of: HookMaker) -> None:
    """The date lies in the middle of the period, so that no time zone moves it out of it."""
    tags = [[{"name": "CustomerId", "value": code}] for code in ("a", "b")]
    sherweb = Sherweb(charges=[charge(tags=tags[0]), charge(quantity=3, tags=tags[1])])

    read = hook_of(sherweb, customer_id_tag="CustomerId").read_usage(OCTOBER)

    assert (read.complete, quantities(read)) == (True, {"a": "10", "b": "3"})
    assert read.origin == ("https://api.sherweb.com/distributor/v1/billing/payable-charges, 2026-10-01 to 2026-10-31")
    assert sherweb.requests == [
        "/auth/oidc/connect/token",
        "/distributor/v1/billing/payable-charges?date=2026-10-16",
    ]
    assert sherweb.tokens == ["distributor-token-0"]


def test_nothing_but_reads_can_leave(hook_of: HookMaker) -> None:
    """Sherweb's API can order and cancel; whatever is called here, only GET and the sign-in reach it."""
    sherweb = Sherweb(customers=[{"id": "a", "displayName": "Aspen"}], held={"a": []})
    for reads in ("charges", "subscriptions"):
        hook = hook_of(sherweb, reads=reads)
        hook.test_connection()
        hook.not_ready_why(OCTOBER)
        hook.read_usage(OCTOBER)
        hook.receivable_charges("a", OCTOBER)
    whole = list(sherweb.requests)

    for api in (hook._distributor, hook._provider):
        for method in ("POST", "PUT", "PATCH", "DELETE", "get"):
            with pytest.raises(NotSent, match="only reading calls are made"):
                api.client.call(method, f"{PROVIDER}/billing/subscriptions/amendments", json={})

    assert sherweb.requests == whole
    assert {(method, path) for method, path in sherweb.methods if method != "GET"} == {
        ("POST", "/auth/oidc/connect/token")
    }


def test_each_scope_has_its_own_token(hook_of: HookMaker) -> None:
    """A token of one API is none of the other, and each is fetched once."""
    sherweb = Sherweb(customers=[{"id": "a", "displayName": "Aspen"}], held={"a": []})
    hook = hook_of(sherweb)

    for _ in range(2):
        hook.read_usage(OCTOBER)
        hook.receivable_charges("a", OCTOBER)

    assert sherweb.tokens == ["distributor-token-0", "service-provider-token-1"]


def test_a_token_is_renewed_before_it_ends(hook_of: HookMaker) -> None:
    """A minute early, so that none ends on its way."""
    time, sherweb = FrozenTime(), Sherweb()
    hook = hook_of(sherweb, time)
    hook.not_ready_why(OCTOBER)
    time.now += 3541.0

    hook.not_ready_why(OCTOBER)

    assert len(sherweb.tokens) == 2


def test_a_token_that_ended_early_is_renewed_once(hook_of: HookMaker) -> None:
    """After one 401 a new one is fetched; a second one is told."""
    sherweb = Sherweb()
    hook = hook_of(sherweb)
    hook.not_ready_why(OCTOBER)
    sherweb.tokens.append("distributor-token-of-somebody-else")

    assert hook.not_ready_why(OCTOBER) == ""
    assert len(sherweb.tokens) == 3
    sherweb.refuse = lambda path, number: problem(401, "No") if "payable" in path else None
    with pytest.raises(
        SignInRefused, match=r"HTTP 401 with a token that was just given; .*subscription key right\? .*No"
    ):
        hook.not_ready_why(OCTOBER)
    assert len(sherweb.tokens) == 4


def test_a_wrong_secret_is_told_once_and_shown_nowhere(hook_of: HookMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person made can only be replaced by a person."""
    sherweb = Sherweb(refuse=lambda path, number: reply({"error": "invalid_client", "echo": SECRET, "key": KEY}, 400))
    hook = hook_of(sherweb)

    for _ in range(2):
        with pytest.raises(SignInRefused) as caught:
            hook.read_usage(OCTOBER)

    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)
    assert "the sign-in of client CLIENT was refused: client id, secret or subscription key is wrong" in str(
        caught.value
    )
    assert len(sherweb.requests) == 1
    assert SECRET not in f"{caught.value} {caught.value.body}"
    assert KEY not in f"{caught.value} {caught.value.body}"


def test_a_wait_that_is_told_in_words_is_waited(hook_of: HookMaker) -> None:
    """429: "Try again in N seconds" stands in the detail, and nowhere else."""
    time = FrozenTime()
    sherweb = Sherweb(
        refuse=lambda path, number: (
            problem(429, "Rate limit is exceeded. Try again in 37 seconds.") if number == 2 else None
        )
    )

    assert hook_of(sherweb, time).read_usage(OCTOBER).complete
    assert time.slept == [37.0]


def test_a_wait_beyond_all_patience_is_an_error_that_names_it(hook_of: HookMaker) -> None:
    """A worker is not held for an hour; the task is tried again later."""
    sherweb = Sherweb(
        refuse=lambda path, number: problem(429, "Try again in 3000 seconds.") if "payable" in path else None
    )

    with pytest.raises(RateLimited) as caught:
        hook_of(sherweb).read_usage(OCTOBER)

    assert (caught.value.retry_after_s, len(sherweb.requests)) == (3000.0, 2)


def test_problem_details_are_what_the_error_says(hook_of: HookMaker) -> None:
    """RFC 7807: title and detail, for people."""
    sherweb = Sherweb(refuse=lambda path, number: problem(400, "date is not valid") if "payable" in path else None)

    with pytest.raises(BadRequest, match="HTTP 400: Trouble; date is not valid"):
        hook_of(sherweb).read_usage(OCTOBER)


# -- the period


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (
            ("2026-09-01", "2026-09-30"),
            "Sherweb tells of the billing period 2026-09-01 to 2026-09-30, "
            "asked was 2026-10-01 to 2026-10-31 (Europe/London)",
        ),
        (
            ("2026-10-15", "2026-11-14"),
            "Sherweb tells of the billing period 2026-10-15 to 2026-11-14, "
            "asked was 2026-10-01 to 2026-10-31 (Europe/London); Sherweb's periods start on day 15, the calendar's "
            "anchor_day should be that",
        ),
        (
            ("2026-10-01", "2026-11-01"),
            "Sherweb tells of the billing period 2026-10-01 to 2026-11-01, "
            "asked was 2026-10-01 to 2026-10-31 (Europe/London)",
        ),
        (
            (None, None),
            "Sherweb tells of the billing period (no first day) to (no last day), "
            "asked was 2026-10-01 to 2026-10-31 (Europe/London)",
        ),
    ],
)
def test_another_period_than_the_one_asked_for_is_incomplete(hook_of: HookMaker, told: Any, why: str) -> None:
    """Law 3: charges of another period are never billed as this one's."""
    read = hook_of(Sherweb(period=told, charges=[])).read_usage(OCTOBER)

    assert (read.complete, read.incomplete_why) == (False, why)


@pytest.mark.parametrize(
    ("told", "waits"), [(("2026-09-01", "2026-09-30"), True), (("2026-10-15", "2026-11-14"), False)]
)
def test_only_what_waiting_helps_against_is_waited_for(hook_of: HookMaker, told: Any, waits: bool) -> None:
    """Two calendars that differ do so tomorrow as well; the reading says it at once."""
    why = hook_of(Sherweb(period=told, charges=[])).not_ready_why(OCTOBER)

    assert bool(why) is waits


def test_usage_that_is_not_billed_is_waited_for_and_incomplete(hook_of: HookMaker) -> None:
    """Final figures only, unless a person says otherwise."""
    sherweb = Sherweb(charges=[charge(), charge(chargeType="Usage", isBilled=False)])
    why = "1 of 1 usage charges are not billed yet, so their figures are not final (charges[1])"

    hook = hook_of(sherweb)
    read = hook.read_usage(OCTOBER)

    assert hook.not_ready_why(OCTOBER).startswith(why)
    assert (read.complete, read.incomplete_why.startswith(why)) == (False, True)
    as_it_is = hook_of(sherweb, final_only=False)
    assert (as_it_is.not_ready_why(OCTOBER), as_it_is.read_usage(OCTOBER).complete) == ("", True)


def test_no_charges_are_no_rows_and_a_missing_list_is_an_error(hook_of: HookMaker) -> None:
    """The list may be null; an answer of another shape is never taken for nothing."""
    assert hook_of(Sherweb(charges=None)).read_usage(OCTOBER).records == []
    with pytest.raises(UnreadableAnswer, match="there is no list 'charges' in the answer"):
        hook_of(Sherweb(charges={})).read_usage(OCTOBER)
    sherweb = Sherweb(refuse=lambda path, number: reply({}) if "payable" in path else None)
    with pytest.raises(UnreadableAnswer, match="there is no list 'charges' in the answer"):
        hook_of(sherweb).read_usage(OCTOBER)


def test_what_a_customer_was_invoiced_is_price_and_checked_by_its_period(hook_of: HookMaker) -> None:
    """Receivable charges have a price and no tags; before a period is invoiced Sherweb answers with an earlier one."""
    owed = {name: value for name, value in charge(periodFrom="2026-10-12").items() if "Price" not in name}
    for name in ("subTotal", "tags", "deductions", "isBilled"):
        del owed[name]
    sherweb = Sherweb(charges=[owed | {"quantity": 3, "costPrice": 25.0, "costPriceProrated": 16.129}])
    hook = hook_of(sherweb)

    read = hook.receivable_charges("a-1", OCTOBER)

    assert sherweb.requests[-1] == f"{PROVIDER}/billing/receivable-charges?customerId=a-1&date=2026-10-16"
    (record,) = read.records
    assert (record.customer_code, record.sku, record.quantity) == ("a-1", "M365", Decimal(3))
    assert (record.unit_price, record.total_price) == (Decimal(25), Decimal("48.387"))
    assert (record.unit_cost, record.total_cost) == (None, None)
    sherweb.period = ("2026-09-01", "2026-09-30")
    assert hook.receivable_charges("a-1", OCTOBER).complete is False


def test_a_name_that_two_customers_have_is_held_where_the_name_is_the_code(hook_of: HookMaker) -> None:
    """Law 4: charges tell a name alone, so the list of customers is asked whether it is one customer's."""
    names = [("a-1", "Aspen Ltd"), ("a-2", " Aspen Ltd"), ("b", "Birch & Co"), ("x-1", "Nobody"), ("x-2", "Nobody")]
    sherweb = Sherweb(
        charges=[charge(), charge("Birch & Co")],
        customers=[{"id": id_, "displayName": name} for id_, name in names],
    )

    read = hook_of(sherweb).read_usage(OCTOBER)

    assert list(read.failed_customers) == ["Aspen Ltd"]
    assert "2 customers have this name, their ids are a-1, a-2" in read.failed_customers["Aspen Ltd"]
    assert f"{PROVIDER}/customers" in sherweb.requests


def test_who_may_not_read_customers_is_told_that_names_are_not_checked(hook_of: HookMaker) -> None:
    """The right is another one; a failure of the system is no missing right."""
    sherweb = Sherweb(refuse=lambda path, number: problem(403, "No right") if path.startswith(PROVIDER) else None)

    read = hook_of(sherweb).read_usage(OCTOBER)

    (note,) = read.notes
    assert note.startswith("whether two customers share a display name could not be asked, so names count as unique: ")
    sherweb.refuse = lambda path, number: problem(500, "down") if path.startswith(PROVIDER) else None
    with pytest.raises(RequestError):
        hook_of(sherweb, limits=Limits(attempts_max=1)).read_usage(OCTOBER)


# -- subscriptions


def subscribed(**held: Any) -> Sherweb:
    names = {"a": "Aspen Ltd", "b": "Birch & Co", "c": "Cedar"}
    return Sherweb(customers=[{"id": key, "displayName": names.get(key, key)} for key in held], held=held)


def subscription(id_: str = "s-1", **fields: Any) -> dict[str, Any]:
    return {"id": id_, "productName": "Microsoft 365", "sku": "M365", "quantity": 12, "status": "Active", **fields}


def test_each_subscription_is_one_record_of_its_customer(hook_of: HookMaker) -> None:
    """What is held now: one call per customer, and the subscription is what is counted."""
    sherweb = subscribed(a=[subscription(), subscription("s-2", quantity=0)], b=[])

    read = hook_of(sherweb, reads="subscriptions").read_usage(OCTOBER)

    first, second = read.records
    assert (first.customer_code, first.customer_name, first.sku) == ("Aspen Ltd", "Aspen Ltd", "M365")
    assert (first.kind, first.quantity, first.item_id) == (UsageKind.RECURRING, Decimal(12), "s-1")
    assert (first.record_id, first.position) == ("s-1", "subscriptions of a[0]")
    assert (first.description, first.attributes) == ("Microsoft 365", '{"status": "Active"}')
    assert (second.quantity, first.covers_from, first.period_start) == (Decimal(0), None, None)
    assert (read.complete, read.failed_customers, read.malformed) == (True, {}, [])
    assert read.notes == [
        "subscriptions are those of 2026-11-02, not of 2026-10-01 to 2026-10-31 (Europe/London); "
        "Sherweb tells no earlier ones this way"
    ]
    details = f"{PROVIDER}/billing/subscriptions/details"
    assert sorted(sherweb.requests) == [
        "/auth/oidc/connect/token",
        f"{details}?customerId=a",
        f"{details}?customerId=b",
        f"{PROVIDER}/customers",
    ]


def test_subscriptions_go_by_id_where_charges_do(hook_of: HookMaker) -> None:
    """One mapping table serves both readings."""
    read = hook_of(subscribed(a=[subscription()]), reads="subscriptions", customer_id_tag="CustomerId").read_usage(
        OCTOBER
    )

    assert [(record.customer_code, record.customer_name) for record in read.records] == [("a", "Aspen Ltd")]


def test_a_customer_that_cannot_be_read_is_held_and_the_others_are_read(hook_of: HookMaker) -> None:
    """Law 10: one bad customer never stops the others, and is never a customer without subscriptions."""
    sherweb = subscribed(a=problem(404, "unknown"), b=[subscription()], c=None)

    read = hook_of(sherweb, reads="subscriptions", limits=Limits(attempts_max=1)).read_usage(OCTOBER)

    assert quantities(read) == {"Birch & Co": "12"}
    assert sorted(read.failed_customers) == ["Aspen Ltd", "Cedar"]
    assert "HTTP 404: Trouble; unknown" in read.failed_customers["Aspen Ltd"]
    assert "there is no list 'items' in the answer" in read.failed_customers["Cedar"]


@pytest.mark.parametrize("count", [2, 30])
def test_when_all_or_many_customers_fail_the_system_fails(hook_of: HookMaker, count: int) -> None:
    """Nobody waits for thirty thousand refusals."""
    held = {f"c-{number}": problem(500, "down") for number in range(count)}
    held |= {"fine": [subscription()]} if count > 20 else {}
    sherweb = subscribed(**held)

    with pytest.raises(RequestError) as caught:
        hook_of(sherweb, reads="subscriptions", limits=Limits(attempts_max=1)).read_usage(OCTOBER)

    assert caught.value.finding_number == 3
    assert len(sherweb.requests) <= 2 + 11 + 3


def test_customers_of_one_name_are_two_with_ids_and_held_without(hook_of: HookMaker) -> None:
    """Never merged: by id they are two customers, by name neither is billed."""
    sherweb = subscribed(a=[subscription("s-1")], b=[subscription("s-2")])
    sherweb.customers[1]["displayName"] = "Aspen Ltd "

    read = hook_of(sherweb, reads="subscriptions").read_usage(OCTOBER)

    assert (read.records, sorted(read.failed_customers)) == ([], ["Aspen Ltd"])
    assert "2 customers have this name, their ids are a, b" in read.failed_customers["Aspen Ltd"]
    by_id = hook_of(sherweb, reads="subscriptions", customer_id_tag="CustomerId").read_usage(OCTOBER)
    assert quantities(by_id) == {"a": "12", "b": "12"}


def test_a_subscription_without_quantity_holds_its_customer(hook_of: HookMaker) -> None:
    """The field's name is inferred: where it is another, nothing is taken for zero."""
    sherweb = subscribed(a=[subscription(quantity=None, seats=7)])

    (row,) = hook_of(sherweb, reads="subscriptions").read_usage(OCTOBER).malformed

    assert (row.field, row.error, row.customer_code) == ("quantity", "is empty", "Aspen Ltd")
    named = hook_of(sherweb, reads="subscriptions", subscription_fields={"quantity": "seats"}).read_usage(OCTOBER)
    assert quantities(named) == {"Aspen Ltd": "7"}


def test_without_any_customer_the_reading_is_incomplete(hook_of: HookMaker) -> None:
    """An empty list would take everybody's subscriptions away."""
    read = hook_of(Sherweb(), reads="subscriptions").read_usage(OCTOBER)

    assert (read.complete, read.incomplete_why) == (False, "Sherweb lists no customers at all")


def test_a_customer_without_id_could_be_anybody(hook_of: HookMaker) -> None:
    """It is named, and as nobody's code stands there the reading counts as short."""
    sherweb = subscribed(a=[subscription()])
    sherweb.customers.append({"displayName": "Nameless"})

    (row,) = hook_of(sherweb, reads="subscriptions").read_usage(OCTOBER).malformed

    assert (row.position, row.customer_code) == ("customers[1]", "")


def test_subscriptions_are_never_waited_for(hook_of: HookMaker) -> None:
    """Today's can always be read, and asking costs nothing."""
    sherweb = Sherweb()

    assert (hook_of(sherweb, reads="subscriptions").not_ready_why(OCTOBER), sherweb.requests) == ("", [])


# -- the connection and the options


def test_testing_tells_of_each_scope(hook_of: HookMaker) -> None:
    """The scope that is read decides; of the other a person learns whether it is there."""
    sherweb = Sherweb(customers=[{"id": "a", "displayName": "Aspen"}])

    assert hook_of(sherweb).test_connection() == (
        True,
        "Scope distributor: signed in to https://api.sherweb.com; 1 charges of 2026-10-01 to 2026-10-31 can be read. "
        "Scope service-provider: signed in to https://api.sherweb.com; 1 customers can be read.",
    )


@pytest.mark.parametrize(("reads", "works"), [("charges", True), ("subscriptions", False)])
def test_a_scope_that_is_not_granted_matters_where_it_is_read(hook_of: HookMaker, reads: str, works: bool) -> None:
    """A client with one of the two APIs is enough for what needs that one."""
    sherweb = Sherweb(refuse=lambda path, number: problem(403, "No right") if path.startswith(PROVIDER) else None)

    found, why = hook_of(sherweb, reads=reads).test_connection()

    assert (found, "HTTP 403: Trouble; No right" in why) == (works, True)
    assert ("which is not needed here" in why) is works


def test_a_wrong_subscription_key_is_told_as_such(hook_of: HookMaker) -> None:
    """The server's own words come along."""
    works, why = hook_of(Sherweb(), key="another-key").test_connection()

    assert (works, "Access denied due to invalid subscription key." in why) == (False, True)
    assert "another-key" not in why


def test_a_missing_subscription_key_is_told_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code 21: the field, never its value."""
    conn_id = set_connection(monkeypatch, "sherweb_bare", login="CLIENT", password=SECRET)

    works, why = SherwebHook(conn_id).test_connection()

    assert (works, "Subscription key is empty" in why) == (False, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reads": "charge"}, "reads: unknown; did you mean charges?"),
        ({"cost_basis": "gross"}, "cost_basis: unknown; got 'gross'; allowed: net_without_performance_tier, net, list"),
        ({"subscription_fields": {"quantitty": "seats"}}, "quantitty: unknown field; did you mean quantity?"),
        ({"final": True}, "final: unknown option; did you mean final_only?"),
    ],
)
def test_a_wrong_option_is_refused_when_the_source_is_made(options: dict[str, Any], said: str) -> None:
    """Before anything is read."""
    settings = IntegrationSettings(
        integration="sherweb_to_kaseya_bms", source="sherweb", psa="kaseya_bms", source_options=options
    )

    with pytest.raises(SettingsError) as caught:
        source_for(settings)

    assert said in str(caught.value)


def test_a_gap_among_the_months_before_makes_the_reading_incomplete(hook_of: HookMaker) -> None:
    """Law 3: years of a month that was not answered for are not zero."""
    read = hook_of(Sherweb(), customer_id_tag="", yearly_months=2).read_usage(OCTOBER)

    assert not read.complete
    assert read.incomplete_why == (
        "the charges of years that are running cannot be told: the answer for the days before 2026-10-01 is about the "
        "billing period 2026-10-01 to 2026-10-31"
    )


@pytest.mark.parametrize("months", [-1, 61, True, "11"])
def test_months_before_are_a_number_of_months(hook_of: HookMaker, months: Any) -> None:
    """Checked before anything is read."""
    with pytest.raises(SettingsError, match="yearly_months: no number of months"):
        hook_of(Sherweb(), yearly_months=months)
