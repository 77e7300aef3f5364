"""Filters of the simulated Autotask: what they find, what is refused, and what is ignored without a word."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.at_sandbox import (
    AFFIRMED,
    BACKUPS,
    BLOCK,
    BY_QUARTER,
    DISCOUNT,
    INACTIVE,
    ON_SHORT,
    OPEN,
    SEATS,
    SHORT,
    TIMEOUT_S,
    AtClient,
    condition,
    errors,
    large_tenant,
    world_with,
)

ALL_CONTRACTS = [OPEN, SHORT, BLOCK, INACTIVE, BY_QUARTER]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (condition("status", "eq", 1), [OPEN, SHORT, BLOCK, BY_QUARTER]),
        (condition("status", "eq", "1"), [OPEN, SHORT, BLOCK, BY_QUARTER]),
        (condition("status", "noteq", 1), [INACTIVE]),
        (condition("id", "gt", BLOCK), [INACTIVE, BY_QUARTER]),
        (condition("id", "gte", BLOCK), [BLOCK, INACTIVE, BY_QUARTER]),
        (condition("id", "lt", SHORT), [OPEN]),
        (condition("id", "lte", SHORT), [OPEN, SHORT]),
        (condition("id", "in", [SHORT, INACTIVE, 1]), [SHORT, INACTIVE]),
        (condition("id", "notIn", [SHORT, INACTIVE]), [OPEN, BLOCK, BY_QUARTER]),
        (condition("contractName", "eq", "ALPHA SERVICES"), [OPEN]),
        (condition("contractName", "beginsWith", "beta"), [INACTIVE, BY_QUARTER]),
        (condition("contractName", "endsWith", "services"), [OPEN, INACTIVE]),
        (condition("contractName", "contains", "a e"), [SHORT]),
        (condition("contractNumber", "exist"), [OPEN]),
        (condition("contractNumber", "notExist"), [SHORT, BLOCK, INACTIVE, BY_QUARTER]),
        (condition("contractNumber", "noteq", "other"), [OPEN]),
        (condition("ContractType", "EQ", 4), [BLOCK]),
        (condition("startDate", "gt", "2026-01-01"), [SHORT, BY_QUARTER]),
        (condition("endDate", "lte", "2026-12-31T23:59:59"), [OPEN, SHORT, BLOCK, INACTIVE]),
        (condition("endDate", "lt", "2026-12-31T02:00:00+02:00"), [SHORT]),
    ],
    ids=lambda part: f"{part['field']}-{part['op']}" if isinstance(part, dict) else "",
)
def test_every_operator_finds_what_it_says(at: AtClient, asked: dict[str, Any], found: list[int]) -> None:
    """Names, operators and texts compare without regard to case; null is neither equal nor different."""
    assert at.ids("Contracts", asked) == found


def test_groups_combine_conditions(at: AtClient) -> None:
    """The top is an and; groups may hold groups."""
    either = {
        "op": "or",
        "items": [
            condition("id", "eq", OPEN),
            {"op": "and", "items": [condition("companyID", "eq", 802), condition("contractPeriodType", "eq", 3)]},
        ],
    }

    listed = {"op": "or", "items": [condition("contractID", "in", [SHORT]), condition("id", "in", [SEATS, DISCOUNT])]}

    assert at.ids("ContractServices", listed) == [SEATS, DISCOUNT, ON_SHORT]
    assert at.ids("Contracts", either) == [OPEN, BY_QUARTER]
    assert at.ids("Contracts", either, condition("companyID", "eq", 802)) == [BY_QUARTER]


@pytest.mark.parametrize(
    ("entity", "asked", "found"),
    [
        ("Companies", condition("isActive", "eq", True), [801]),
        ("Services", condition("unitPrice", "lt", 7.25), [32, 33]),
        ("Services", condition("sku", "eq", "seat-1"), [31]),
        ("ContractServices", condition("contractID", "eq", OPEN), [SEATS, BACKUPS, DISCOUNT]),
        ("ContractServices", condition("id", "in", [DISCOUNT, ON_SHORT]), [DISCOUNT, ON_SHORT]),
        ("ContractServiceBundles", condition("contractID", "in", [OPEN, SHORT]), [8001]),
        ("ConfigurationItems", condition("contractServiceID", "eq", SEATS), [1]),
        ("BillingItems", condition("contractServiceID", "notExist"), [900_001]),
    ],
)
def test_other_entities_are_asked_the_same_way(
    at: AtClient, entity: str, asked: dict[str, Any], found: list[int]
) -> None:
    """Numbers, booleans, texts; nothing that a condition leaves over is lost."""
    assert at.ids(entity, asked) == found


def test_units_in_force_on_a_day_are_found(at: AtClient) -> None:
    """The usual question: rows that start by the end of the day and end on it or later."""
    window = [condition("startDate", "lte", "2026-08-31T23:59:59"), condition("endDate", "gte", "2026-08-31")]

    found = at.query("ContractServiceUnits", condition("contractID", "in", [OPEN, SHORT]), *window).json()["items"]
    counted = at.call("POST", "/ContractServiceUnits/query/count", json={"filter": window}).json()

    assert [(row["contractServiceID"], row["units"]) for row in found] == [
        (SEATS, 12), (BACKUPS, 5), (DISCOUNT, 5), (ON_SHORT, 4),
    ]  # fmt: skip
    assert counted == {"queryCount": 6}


MISTAKEN = [
    (condition("id", "ne", OPEN), "there is no operator 'ne'"),
    (condition("accountID", "eq", 801), "Contract has no field 'accountID'"),
    ({"op": "eq", "field": "id", "value": OPEN, "udf": True}, "Contract has no field 'id'"),
    ({"op": "or", "items": [condition("id", "equals", OPEN)]}, "there is no operator 'equals'"),
]


@pytest.mark.parametrize(("asked", "why"), MISTAKEN)
def test_what_is_not_known_is_ignored_and_everything_comes(
    box: SandboxServer, at: AtClient, asked: dict[str, Any], why: str
) -> None:
    """As the real API does: a misspelt filter is no filter. The control plane tells."""
    assert at.ids("Contracts", asked) == ALL_CONTRACTS
    assert box.control.ignored_by_autotask() == [{"place": "POST /Contracts/query", "what": why}]


def test_what_is_known_beside_it_still_holds(at: AtClient) -> None:
    """Only the wrong condition is dropped."""
    assert at.ids("Contracts", condition("nonsense", "eq", 1), condition("companyID", "eq", 802)) == [
        INACTIVE, BY_QUARTER,
    ]  # fmt: skip


@pytest.mark.parametrize(("asked", "why"), MISTAKEN)
def test_a_strict_sandbox_refuses_what_it_would_ignore(
    box: SandboxServer, at: AtClient, asked: dict[str, Any], why: str
) -> None:
    """A help for tests of hooks."""
    box.control.change_settings(at_strict_queries=True)

    assert errors(at.query("Contracts", asked)) == [f"Strict sandbox: {why}."]
    assert [found["what"] for found in box.control.ignored_by_autotask()] == [why]


@pytest.mark.parametrize(
    ("entity", "asked", "why"),
    [
        ("Contracts", condition("isActive", "eq", True), "Unable to find isActive in the Contract Entity."),
        ("Contracts", condition("id", "eq"), "The value of id must not be null."),
        ("Contracts", condition("id", "in", 5), "The operator in wants a list of values for id."),
        ("Contracts", condition("id", "eq", [5]), "The value of id must be a single value."),
        (
            "Contracts",
            condition("status", "eq", "Active"),
            "Conversion failed when converting the varchar value 'Active' to data type int.",
        ),
        (
            "Contracts",
            condition("endDate", "gte", "31/12/2026"),
            "Conversion failed when converting date and/or time from character string.",
        ),
        ("Companies", condition("isActive", "eq", 1), "The value of isActive must be true or false, not 1."),
        ("Contracts", condition("id", "contains", 7), "The field id is no text."),
        ("Invoices", condition("dueDate", "gt", "2026-01-01"), "The field dueDate cannot be queried."),
    ],
)  # fmt: skip
def test_what_the_database_refuses(at: AtClient, entity: str, asked: dict[str, Any], why: str) -> None:
    """Errors are 500 with their reason."""
    assert errors(at.query(entity, asked)) == [why]


@pytest.mark.parametrize("body", [{}, {"filter": []}, {"filter": "all"}, []])
def test_a_query_wants_a_filter(at: AtClient, body: Any) -> None:
    """Nothing is no way to ask for everything."""
    assert at.call("POST", "/Companies/query", json=body).status_code == 500


@pytest.mark.parametrize("size", [0, 501, "5", True])
def test_a_page_has_one_to_500_records(at: AtClient, size: Any) -> None:
    """Any other number is refused."""
    assert errors(at.query("Companies", AFFIRMED, MaxRecords=size)) == [
        f"MaxRecords must be a number from 1 to 500, not {size!r}."
    ]


def test_values_of_lists_count_as_or_conditions(at: AtClient) -> None:
    """500 are allowed, in all of the query; groups count their items."""
    group = {"op": "or", "items": [condition("id", "eq", number) for number in range(250)]}
    nested = {"op": "or", "items": [{"op": "and", "items": [condition("id", "eq", 1), condition("id", "eq", 2)]}]}
    too_many = ["Queries are limited to 500 or fewer 'OR' conditions."]

    assert at.query("Contracts", condition("id", "in", list(range(500))), nested).status_code == 200
    assert errors(at.query("Contracts", condition("id", "in", list(range(501))))) == too_many
    assert at.query("Contracts", condition("id", "in", list(range(250))), group).status_code == 200
    assert errors(at.query("Contracts", condition("id", "in", list(range(251))), group)) == too_many


def test_the_same_can_be_asked_in_the_address(at: AtClient) -> None:
    """Up to 2,048 characters; a longer address is 404."""
    asked = {"filter": [condition("id", "in", [OPEN, SHORT])]}
    long = {"filter": [condition("id", "in", list(range(5000, 5400)))]}

    found = at.get("/Contracts/query", search=json.dumps(asked)).json()["items"]
    counted = at.get("/Contracts/query/count", search=json.dumps(asked)).json()

    assert ([item["id"] for item in found], counted) == ([OPEN, SHORT], {"queryCount": 2})
    assert at.get("/Contracts/query", search=json.dumps(long)).status_code == 404
    head = quote('{"filter":[{"op":"eq","field":"contractName","value":"')
    tail = quote('"}]}')
    start = f"{at.api_url}/Contracts/query?search={head}"
    for length, status in ((2048, 200), (2049, 404)):
        address = start + "x" * (length - len(start) - len(tail)) + tail
        assert (len(address), at.session.get(address, timeout=TIMEOUT_S).status_code) == (length, status)
    assert at.get("/Contracts/query", search="{").status_code == 500


def test_wanted_fields_alone_are_shown(box: SandboxServer, at: AtClient) -> None:
    """A field that does not exist is left out without a word."""
    shown = at.query("Contracts", condition("id", "eq", OPEN), IncludeFields=["contractname", "units"]).json()["items"]

    assert shown == [{"contractName": "Alpha services"}]
    assert [found["what"] for found in box.control.ignored_by_autotask()] == ["Contract has no field 'units'"]


def test_more_than_500_results_want_their_id() -> None:
    """Without it in IncludeFields, they are refused."""
    with SandboxServer(world=world_with(large_tenant(501, 1))) as large:
        at = AtClient(large)

        assert errors(at.query("Contracts", AFFIRMED, IncludeFields=["contractName"])) == [
            "IncludeFields must include id when there are more than 500 results."
        ]
        assert at.query("Contracts", AFFIRMED, IncludeFields=["id"]).status_code == 200
        fewer = condition("id", "lte", 500)
        assert at.query("Contracts", fewer, IncludeFields=["contractName"]).status_code == 200
