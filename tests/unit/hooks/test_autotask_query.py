"""Queries that can say only what the API knows, and answers that are held against what was asked."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from billing_providers.errors import SettingsError, UnreadableAnswer
from billing_providers.hooks.at import query as query_module
from billing_providers.hooks.at.query import AnyOf, Clause, Operator, Query, chunks
from tests.support.autotask_tenant import FIELDS, ZONE, AtServer, company, contract, hook_of
from tests.support.scripted_http import reply

COMPANIES = "POST /Companies/query"
COUNT = "POST /Companies/query/count"


def many(count: int) -> AtServer:
    return AtServer({"Companies": [company(number) for number in range(1, count + 1)], "Contracts": [contract()]})


def rows(*ids: int, url: str | None = None, count: int | None = None, **facts: Any) -> Any:
    items = [{**company(number), **facts} for number in ids]
    details = {"count": len(ids) if count is None else count, "requestCount": 500, "nextPageUrl": url}
    return reply({"items": items, "pageDetails": details})


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        (Operator.EQ, None),
        (Operator.EQ, ""),
        (Operator.EQ, (1, 2)),
        (Operator.GTE, 5),
        (Operator.LTE, "2026-11-01"),
        (Operator.IN, ()),
        (Operator.IN, 5),
        (Operator.EXIST, 1),
        (Operator.NOT_EXIST, True),
    ],
    ids=str,
)
def test_a_value_that_an_operator_does_not_take_is_refused_here(operator: Operator, value: Any) -> None:
    """The API would answer everything, or an error that tells nobody why."""
    with pytest.raises(ValueError, match="does not take"):
        Clause("contractID", operator, value)


def test_clauses_are_sent_as_the_api_has_them() -> None:
    """Days are whole, from midnight to the last second; nothing has a null value."""
    day = date(2026, 11, 30)
    clauses = [
        Clause("startDate", Operator.LTE, day),
        Clause("endDate", Operator.GTE, day),
        Clause("contractID", Operator.IN, (1, 2)),
        Clause("isActive", Operator.EQ, True),
        AnyOf((Clause("contractServiceID", Operator.EXIST), Clause("approveAndPostDate", Operator.NOT_EXIST))),
    ]

    assert [clause.body() for clause in clauses] == [
        {"op": "lte", "field": "startDate", "value": "2026-11-30T23:59:59"},
        {"op": "gte", "field": "endDate", "value": "2026-11-30T00:00:00"},
        {"op": "in", "field": "contractID", "value": [1, 2]},
        {"op": "eq", "field": "isActive", "value": True},
        {
            "op": "or",
            "items": [
                {"op": "exist", "field": "contractServiceID"},
                {"op": "notExist", "field": "approveAndPostDate"},
            ],
        },
    ]


def test_at_most_five_hundred_alternatives_go_into_one_query() -> None:
    """The values of a list count, and so do the members of a group beside it."""
    either = AnyOf((Clause("a", Operator.EXIST), Clause("b", Operator.EXIST)))

    assert [len(part) for part in chunks(range(1001))] == [500, 500, 1]
    assert [len(part) for part in chunks(range(501), beside=either.alternatives())] == [498, 3]
    Query("X", (), (Clause("id", Operator.IN, tuple(range(498))), either))
    with pytest.raises(ValueError, match="501 alternatives; at most 500"):
        Query("X", (), (Clause("id", Operator.IN, tuple(range(499))), either))
    with pytest.raises(ValueError, match="give at least one clause"):
        Query("X", (), ())


def test_a_field_that_the_entity_lacks_is_never_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be ignored, and everything would come; so the tenant's own list of fields decides, read once."""
    monkeypatch.setitem(FIELDS, "Companies", "id companyName companyNumber isActive parentCompanyID")
    tenant = many(1)
    hook = hook_of(monkeypatch, tenant)

    for _ in range(2):
        with pytest.raises(SettingsError, match="Autotask Companies: has no field companyType"):
            hook.read_directory(contract_type="")

    assert tenant.sent(COMPANIES) == []
    assert len(tenant.sent("GET /Companies/entityInformation/fields")) == 1


def test_fields_that_came_later_are_asked_for_where_they_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older zone has no SKU; it is left out there."""
    with_sku, without = many(1), many(1)
    hook_of(monkeypatch, with_sku).read_directory(contract_type="")
    monkeypatch.setitem(FIELDS, "Services", FIELDS["Services"].removesuffix(" sku"))
    hook_of(monkeypatch, without).read_directory(contract_type="")

    (asked,), (asked_less,) = with_sku.bodies("POST /Services/query"), without.bodies("POST /Services/query")
    assert set(asked["IncludeFields"]) - set(asked_less["IncludeFields"]) == {"sku"}


def test_names_of_fields_are_compared_without_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Older zones print theirs with capitals."""
    monkeypatch.setitem(FIELDS, "Companies", "Id CompanyName CompanyNumber CompanyType IsActive ParentCompanyID")
    monkeypatch.setitem(FIELDS, "Services", FIELDS["Services"].replace(" sku", " SKU"))
    tenant = many(1)

    found = hook_of(monkeypatch, tenant).read_directory(contract_type="")

    assert [account.name for account in found.accounts] == ["Aspen"]
    assert "sku" in tenant.bodies("POST /Services/query")[0]["IncludeFields"]


def test_pages_are_followed_with_the_same_method_and_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,201 rows are three pages and a count, each with the id among its fields, and each row once."""
    tenant = many(1201)

    found = hook_of(monkeypatch, tenant).read_directory(contract_type="")

    first = tenant.bodies(COMPANIES)
    following = tenant.bodies("POST /Companies/query/next")
    assert [len(first), len(following), len(tenant.bodies(COUNT))] == [1, 2, 1]
    assert following == [first[0], first[0]]
    assert (first[0]["MaxRecords"], first[0]["IncludeFields"][0]) == (500, "id")
    assert first[0]["filter"] == [{"op": "exist", "field": "id"}]
    links = [request.url for request in tenant.sent("POST /Companies/query/next")]
    assert links == [f"{ZONE}/V1.0/Companies/query/next?from={start}&mark=a%7Bb%7D&empty=" for start in (500, 1000)]
    assert [account.account_id for account in found.accounts] == [str(number) for number in range(1, 1202)]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/ATServicesRest/V1.0/Companies/query/next",
        "http://webservices5.autotask.net/ATServicesRest/V1.0/Companies/query/next",
        "https://webservices5.autotask.net:8443/ATServicesRest/V1.0/Companies/query/next",
        f"{ZONE}/V1.0/Contracts/query/next",
        f"{ZONE}/V1.0/Companies/query/../../Contracts/query",
        "https://webservices5.autotask.net/V1.0/Companies/query/next",
        "/ATServicesRest/V1.0/Companies/query/next",
    ],
)
def test_a_next_page_elsewhere_is_not_followed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are sent to the zone alone, and a page of something else is no page."""
    tenant = many(1)
    tenant.answers[COMPANIES] = rows(1, url=url)

    with pytest.raises(UnreadableAnswer, match="the next page lies outside the zone"):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")

    assert {request.url for request in tenant.requests if "next" in (request.url or "")} == set()


def test_a_zone_in_other_letters_is_the_same_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths and hosts are compared without case."""
    tenant = many(1)
    tenant.answers[COMPANIES] = rows(
        1, url="https://WEBSERVICES5.autotask.net/atservicesrest/v1.0/companies/query/next"
    )
    tenant.answers["POST /companies/query/next"] = rows(2)
    tenant.answers[COUNT] = reply({"queryCount": 2})

    found = hook_of(monkeypatch, tenant).read_directory(contract_type="")

    assert [account.account_id for account in found.accounts] == ["1", "2"]


def test_a_row_that_was_not_asked_for_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ignores the filter would put other people's contracts on the bill."""
    tenant = many(1)
    tenant.answers["POST /Contracts/query"] = reply({"items": [contract(contractType=4)], "pageDetails": {"count": 1}})

    with pytest.raises(UnreadableAnswer, match="the server ignored the filter: row 7001 does not fit"):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({COUNT: reply({"queryCount": 3})}, "2 rows read, Companies/query/count says 3"),
        ({COMPANIES: rows(1, 1)}, "a row came twice"),
        ({COMPANIES: rows(1, count=2)}, "1 rows read, a page says that it has 2"),
        ({COMPANIES: rows(url=f"{ZONE}/V1.0/Companies/query/next?p=2")}, "a page without rows names a next one"),
    ],
    ids=["count", "twice", "cut", "endless"],
)
def test_a_list_that_is_not_whole_is_read_once_more_and_then_an_error(
    answers: dict[str, Any], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 3: what is missing must not look like what is gone."""
    tenant = many(2)
    tenant.answers |= answers

    with pytest.raises(UnreadableAnswer, match=f"the list is not complete: .*{why}"):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")

    assert len(tenant.sent(COMPANIES)) == 2


def test_a_list_that_grew_while_it_was_read_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that is lower than the rows is no trouble: something was deleted since."""
    tenant = many(2)
    tenant.answers[COUNT] = [reply({"queryCount": 3}), reply({"queryCount": 1})]

    found = hook_of(monkeypatch, tenant).read_directory(contract_type="")

    assert len(found.accounts) == 2


@pytest.mark.parametrize(
    "answer",
    [
        reply({"items": None, "pageDetails": {}}),
        reply({"items": [1]}),
        reply({"rows": []}),
        reply({"items": [{"companyName": "no id"}]}),
        reply([]),
    ],
    ids=["null", "numbers", "other", "without id", "list"],
)
def test_an_answer_of_another_shape_is_an_error(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never an empty list."""
    tenant = many(1)
    tenant.answers[COMPANIES] = answer

    with pytest.raises(UnreadableAnswer):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")


@pytest.mark.parametrize("own_id", ["7001x", "seven", "7" * 20, "١"], ids=["letters", "word", "long", "arabic"])
def test_an_id_that_is_no_number_is_an_error_that_names_it(own_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids go into filters as numbers; what is none must not end as a traceback somewhere later."""
    tenant = many(1)
    tenant.answers[COMPANIES] = reply({"items": [{"id": own_id, "companyName": "Aspen"}]})

    with pytest.raises(UnreadableAnswer, match=f"id is '{own_id}', expected a whole number"):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")


def test_a_count_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is believed only against a number."""
    tenant = many(1)
    tenant.answers[COUNT] = reply({"queryCount": None})

    with pytest.raises(UnreadableAnswer, match="queryCount is None, expected an integer"):
        hook_of(monkeypatch, tenant).read_directory(contract_type="")


def test_examples_of_the_query_builder_hold() -> None:
    """The docstring shows what is sent."""
    import doctest

    assert doctest.testmod(query_module).failed == 0
