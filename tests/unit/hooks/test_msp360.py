"""MSP360's lists, billing and details as its hook reads them: whose usage a row is, exact sizes, nothing in part."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests import PreparedRequest

from billing_providers.errors import (
    BadRequest,
    FailureClass,
    PeriodError,
    ServerFault,
    SettingsError,
    SignInRefused,
    UnreadableAnswer,
)
from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.msp360 import Msp360Hook
from billing_providers.hooks.sources import source_for
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.settings import IntegrationSettings
from billing_providers.model.source import UsageRead
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime, Reply, ScriptedServer, reply

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
GIB = 2**30
EVERYTHING = ("used_space", "average_space", "restore_volume", "computers", "licenses", "plan", "total")


def user(user_id: str, company: str) -> dict[str, Any]:
    return {"ID": user_id, "Email": f"{user_id}@example.com", "Company": company}


def billed(user_id: str, company: str | None, **fields: Any) -> dict[str, Any]:
    row = {"UserId": user_id, "Email": f"{user_id}@example.com", "CompanyName": company, "AverageSpace": 0}
    row |= {"TotalVolumeRestore": 0, "PlanCost": 0, "StorageCost": 0, "RestoreCost": 0, "TotalCost": 0}
    return row | fields


def stored(*sizes: tuple[str, int], **fields: Any) -> dict[str, Any]:
    parts = [{"Computer": computer, "SizeBackup": size} for computer, size in sizes]
    return {"TotalBackupBytes": sum(size for _, size in sizes), "UserDetailList": parts, **fields}


def licence(number: str, user_id: str, kind: str = "Server", **fields: Any) -> dict[str, Any]:
    row = {"ID": number, "UserID": user_id, "User": f"{user_id}@example.com", "ComputerName": f"PC-{number}"}
    return row | {"LicenseType": kind, "IsTaken": True, "IsTrial": False} | fields


@dataclass
class Tenant:
    """What an MSP360 provider has, as its API shows it; the answers are counted by path."""

    companies: list[Any] = field(
        default_factory=lambda: [{"Id": "c-asp", "Name": "Aspen"}, {"Id": "c-bir", "Name": "Birch"}]
    )
    users: list[Any] = field(default_factory=lambda: [user("ann", "Aspen"), user("bob", "Birch")])
    billing: list[Any] = field(default_factory=list)
    totals: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    licenses: list[Any] = field(default_factory=list)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    def __call__(self, request: PreparedRequest) -> Reply:
        path = (request.url or "").removeprefix("https://mbs.example")
        body = json.loads(request.body) if request.body else None
        self.sent.append((request.method or "", path, body))
        if path == "/api/Provider/Login":
            return reply({"access_token": "tok-1234567", "token_type": "bearer", "expires_in": 1209599})
        if request.headers.get("Authorization") != "Bearer tok-1234567":
            return reply({"Message": "Authorization has been denied for this request."}, 401)
        if path == "/api/Billing/Details":
            answer = self.details.get(body["UserID"], stored())
            return answer if isinstance(answer, tuple) else reply({"UserID": body["UserID"], **answer})
        lists = {"/api/Companies": self.companies, "/api/Users": self.users, "/api/Licenses": self.licenses}
        return reply(lists.get(path, {"StatisticBilling": self.billing, **self.totals}))


Reading = Callable[..., UsageRead]


@pytest.fixture
def hook_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Msp360Hook]:
    def made(answer: Callable[[PreparedRequest], Reply], **options: Any) -> Msp360Hook:
        set_connection(
            monkeypatch, "msp360", host="https://mbs.example", login="api-user", password="api-secret-1", schema=""
        )
        hook = Msp360Hook("msp360", clocks=FrozenTime().clocks(), **options)
        hook.client.session.mount("https://", ScriptedServer(answer))
        return hook

    return made


@pytest.fixture
def read(hook_of: Callable[..., Msp360Hook]) -> Reading:
    """Return a reading of October from a tenant."""
    return lambda tenant, *metrics, **options: hook_of(
        tenant, metrics=metrics or ("average_space",), **options
    ).read_usage(OCTOBER)


def figures(found: UsageRead) -> list[tuple[str, str, str]]:
    return [(record.customer_code, record.sku, str(record.quantity)) for record in found.records]


def test_every_metric_is_read_with_its_money(read: Reading) -> None:
    """Law 12: sizes come out in exact gigabytes, and each cost stands at the metric that it pays for."""
    costs = {"PlanCost": 5, "StorageCost": 3.1, "RestoreCost": 0.2, "TotalCost": 8.3}
    tenant = Tenant(
        billing=[billed("ann", "Aspen", AverageSpace=3 * GIB // 2, TotalVolumeRestore=GIB // 8, **costs)],
        totals={"AverageSpaceUsed": 3 * GIB // 2, "TotalRestore": GIB // 8},
        details={"ann": stored(("PC1", GIB), ("PC2", GIB), ("PC1", GIB // 4))},
        licenses=[licence("1", "ann"), licence("2", "ann", "Desktop"), licence("3", "ann", "Desktop")],
    )

    found = read(tenant, *EVERYTHING)

    assert [
        (record.sku, str(record.quantity), record.unit, None if record.total_cost is None else str(record.total_cost))
        for record in found.records
    ] == [
        ("used_space", "2.25", "GB", "3.1"),
        ("average_space", "1.5", "GB", "3.1"),
        ("restore_volume", "0.125", "GB", "0.2"),
        ("computers", "2", "computers", None),
        ("plan", "1", "users", "5"),
        ("total", "1", "users", "8.3"),
        ("license.Server", "1", "licences", None),
        ("license.Desktop", "1", "licences", None),
        ("license.Desktop", "1", "licences", None),
    ]
    assert {(record.customer_code, record.customer_name) for record in found.records} == {("c-asp", "Aspen")}
    assert {(record.item_id, record.source) for record in found.records} == {("", "msp360")}
    assert (found.complete, found.failed_customers, found.malformed) == (True, {}, [])
    assert (found.never_repeats, found.control_total) == (False, None)
    assert found.origin == "https://mbs.example/api/Billing, 2026-10"


def test_only_what_is_picked_is_asked_for(read: Reading) -> None:
    """A call per user is made only where a metric needs it; the month is named by its first day."""
    tenant = Tenant(billing=[billed("ann", "Aspen"), billed("bob", "Birch")])

    read(tenant, "average_space")
    plain = sorted(tenant.sent[1:], key=str)
    tenant.sent.clear()
    read(tenant, "computers")
    asked = [body for _, path, body in tenant.sent if path == "/api/Billing/Details"]
    tenant.sent.clear()
    read(tenant, "licenses")

    assert plain == [
        ("GET", "/api/Companies", None),
        ("GET", "/api/Users", None),
        ("PUT", "/api/Billing", {"Date": "2026-10-01"}),
    ]
    assert sorted(asked, key=str) == [
        {"UserID": "ann", "Date": "2026-10-01"},
        {"UserID": "bob", "Date": "2026-10-01"},
    ]
    assert {path for _, path, _ in tenant.sent[1:]} == {"/api/Companies", "/api/Users", "/api/Licenses"}


@pytest.mark.parametrize(
    ("level", "items"),
    [
        ("company", [("used_space", "", "3"), ("computers", "", "2"), ("license.Server", "", "1")]),
        ("user", [("used_space", "ann", "3"), ("computers", "ann", "2"), ("license.Server", "ann", "1")]),
        (
            "computer",
            [
                ("used_space", "PC1", "1"),
                ("used_space", "PC2", "2"),
                ("computers", "PC1", "1"),
                ("computers", "PC2", "1"),
                ("license.Server", "PC-7", "1"),
            ],
        ),
    ],
)
def test_the_level_says_what_is_told_apart(level: str, items: list[tuple[str, str, str]], read: Reading) -> None:
    """A line per company, per user or per computer: the sum is the same."""
    tenant = Tenant(
        billing=[billed("ann", "Aspen", StorageCost=9, TotalCost=9)],
        details={"ann": stored(("PC1", GIB), ("PC2", 2 * GIB))},
        licenses=[licence("7", "ann")],
    )

    found = read(tenant, "used_space", "computers", "licenses", level=level)

    assert [(record.sku, record.item_id, str(record.quantity)) for record in found.records] == items
    assert len({record.record_id for record in found.records}) == len(items)
    storage = [record.total_cost for record in found.records if record.sku == "used_space"]
    assert storage == ([None, None] if level == "computer" else [Decimal(9)])


@pytest.mark.parametrize(("gigabyte", "quantity"), [("binary", "1"), ("decimal", "1.073741824")])
def test_a_gigabyte_is_what_the_setting_says(gigabyte: str, quantity: str, read: Reading) -> None:
    """MSP360 prints bytes; what it calls a GB on its own bills is not known."""
    tenant = Tenant(billing=[billed("ann", "Aspen", AverageSpace=GIB)])

    assert figures(read(tenant, gigabyte=gigabyte)) == [("c-asp", "average_space", quantity)]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 2**50), min_size=1, max_size=12))
def test_the_records_of_a_customer_sum_to_his_bytes(sizes: list[int]) -> None:
    """Law 12: rounded once, on the customer's sum, whatever the number of rows."""
    from billing_providers.hooks.mbs.billing import BilledUser
    from billing_providers.hooks.mbs.companies import Company, Placement
    from billing_providers.hooks.mbs.options import options_of
    from billing_providers.hooks.mbs.records import Records

    company, none = Company("c", "C"), Decimal(0)
    made = Records("msp360", options_of(["average_space"], "binary", "company"))
    quantities = [
        record.quantity
        for number, size in enumerate(sizes)
        for record in made.of_user(
            BilledUser("", f"u{number}", "", "C", Placement((company,)), size, 0, none, none, none, none), company, None
        )
        if record.quantity is not None
    ]

    difference = abs(Fraction(sum(quantities)) - Fraction(sum(sizes), 2**30))
    assert difference <= Fraction(1, 2 * 10**12)
    assert all(quantity >= 0 for quantity in quantities)


def test_a_sum_that_is_a_tie_stays_one(read: Reading) -> None:
    """Three odd sizes that make 0.125 GB are 0.125 GB: a rounding to two places then goes the right way."""
    sizes = (44_739_243, 44_739_241, GIB // 8 - 89_478_484)
    tenant = Tenant(
        billing=[billed("ann", "Aspen", AverageSpace=sizes[0]), billed("x", "Aspen", AverageSpace=sizes[1])]
    )
    tenant.billing.append(billed("y", "Aspen", AverageSpace=sizes[2]))

    assert sum(record.quantity or 0 for record in read(tenant).records) == Decimal("0.125")


def test_a_renamed_company_keeps_all_its_usage(read: Reading) -> None:
    """The user's id leads to today's company; rows of users that are gone follow the others of their old name."""
    tenant = Tenant(
        billing=[
            billed("ann", "Aspen Ltd", AverageSpace=GIB),
            billed("gone", "Aspen Ltd", AverageSpace=2 * GIB),
            billed("bob", "Birch", AverageSpace=4 * GIB),
        ]
    )

    found = read(tenant)

    assert figures(found) == [
        ("c-asp", "average_space", "1"),
        ("c-asp", "average_space", "2"),
        ("c-bir", "average_space", "4"),
    ]
    assert found.failed_customers == {}
    assert "the month's billing says 'Aspen Ltd', which is today 'Aspen'" in found.notes
    assert any(note.startswith("1 billed users no longer exist") for note in found.notes)


@pytest.mark.parametrize(
    ("companies", "users", "row", "held"),
    [
        pytest.param(
            [("c1", "Aspen"), ("c2", "Aspen")], [("ann", "Aspen")], ("ann", "Aspen"), {"c1", "c2"}, id="two of one name"
        ),
        pytest.param(
            [("c1", "Aspen"), ("c2", "Aspen")], [], ("ann", "Aspen"), {"c1", "c2"}, id="two of one name, user gone"
        ),
        pytest.param(
            [("c1", "Aspen"), ("c2", "Birch")], [("ann", "Birch")], ("ann", "Aspen"), {"c1", "c2"}, id="user moved"
        ),
        pytest.param([("c2", "Birch")], [], ("ann", "Aspen"), {"Aspen"}, id="company deleted with its users"),
        pytest.param([("c2", "aspen")], [], ("ann", "Aspen"), {"Aspen"}, id="only the case fits"),
        pytest.param([("c2", "Birch")], [("ann", "Larch")], ("ann", "Birch"), {"c2"}, id="user of an unlisted company"),
    ],
)
def test_a_name_that_fits_none_or_several_holds_them(
    companies: list[tuple[str, str]],
    users: list[tuple[str, str]],
    row: tuple[str, str],
    held: set[str],
    read: Reading,
) -> None:
    """Law 4: two companies are never merged and none is chosen; the others go on."""
    tenant = Tenant(
        companies=[{"Id": found, "Name": name} for found, name in [*companies, ("c9", "Yew")]],
        users=[user(*found) for found in [*users, ("yan", "Yew")]],
        billing=[billed(*row, AverageSpace=GIB), billed("yan", "Yew", AverageSpace=GIB)],
    )

    found = read(tenant)

    assert set(found.failed_customers) == held
    assert figures(found) == [("c9", "average_space", "1")]
    assert found.complete


def test_users_of_a_former_name_in_two_companies_make_it_ambiguous(read: Reading) -> None:
    """A row of a user that is gone might be either's, so both are held; nothing is split or guessed."""
    tenant = Tenant(billing=[billed("ann", "Oak"), billed("bob", "Oak"), billed("gone", "Oak", AverageSpace=GIB)])

    assert set(read(tenant).failed_customers) == {"c-asp", "c-bir"}


def test_names_are_compared_trimmed_and_ids_without_regard_to_case(read: Reading) -> None:
    """A blank that somebody typed makes no other company, and a GUID is the same in either case."""
    tenant = Tenant(
        companies=[{"Id": "c-asp", "Name": " Aspen "}],
        users=[user("a-1", "Aspen")],
        billing=[billed("A-1", "Former Ltd"), billed("gone", " Aspen")],
        details={"A-1": stored(("PC1", GIB), UserID="a-1"), "gone": stored(UserID="GONE")},
    )

    assert figures(read(tenant, "used_space")) == [("c-asp", "used_space", "1"), ("c-asp", "used_space", "0")]


def test_held_customers_are_not_asked_for(read: Reading) -> None:
    """Nothing is counted for them, so no call is made."""
    tenant = Tenant(billing=[billed("ann", "Birch"), billed("bob", "Birch"), billed("own", "")])

    found = read(tenant, "computers")

    assert set(found.failed_customers) == {"c-asp", "c-bir"}
    assert [body["UserID"] for _, path, body in tenant.sent if path == "/api/Billing/Details"] == ["own"]


def test_users_directly_under_the_provider_are_reported(read: Reading) -> None:
    """Law 5: usage without a company is never silent: it comes as a customer, to be mapped or ignored."""
    tenant = Tenant(
        users=[user("own", ""), user("ann", "Aspen")],
        billing=[billed("own", None, AverageSpace=GIB), billed("ann", "", AverageSpace=GIB)],
    )

    assert figures(read(tenant)) == [("(no company)", "average_space", "1"), ("c-asp", "average_space", "1")]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"AverageSpace": "much"}, "AverageSpace"),
        ({"AverageSpace": -1}, "AverageSpace"),
        ({"AverageSpace": 1.5}, "AverageSpace"),
        ({"TotalVolumeRestore": None}, "TotalVolumeRestore"),
        ({"PlanCost": None}, "PlanCost"),
        ({"TotalCost": 0.01}, "TotalCost"),
        ({"PlanCost": 1.1, "StorageCost": 2.2, "TotalCost": 3.31}, "TotalCost"),
    ],
)
def test_a_row_that_cannot_be_right_holds_its_customer(fields: dict[str, Any], named: str, read: Reading) -> None:
    """Law 3: an unreadable size or costs that do not sum are never taken for what they might have meant."""
    tenant = Tenant(billing=[billed("ann", "Aspen", **fields), billed("bob", "Birch", AverageSpace=GIB)])

    found = read(tenant)

    ((row),) = found.malformed
    assert (row.position, row.field, row.customer_code, row.customer_name) == (
        "StatisticBilling[0]",
        named,
        "c-asp",
        "Aspen",
    )
    assert figures(found) == [("c-bir", "average_space", "1")]


def test_costs_that_came_through_doubles_are_compared_as_they_were_meant(read: Reading) -> None:
    """0.1 + 0.2 is 0.3 on a bill, whatever a JSON writer makes of it."""
    costs = {"PlanCost": 0.1, "StorageCost": 0.2, "RestoreCost": 0, "TotalCost": 0.1 + 0.2}

    (record,) = read(Tenant(billing=[billed("ann", "Aspen", **costs)]), "total").records

    assert str(record.total_cost) == "0.3"


def test_a_row_without_user_makes_the_whole_incomplete_later(read: Reading) -> None:
    """It could be anybody's, so it names no customer."""
    found = read(Tenant(billing=[billed("", "Aspen"), None]))

    assert [(row.position, row.field, row.customer_code) for row in found.malformed] == [
        ("StatisticBilling[0]", "UserId", ""),
        ("StatisticBilling[1]", "row", ""),
    ]


def test_totals_are_not_compared_with_rows_that_cannot_be_read(read: Reading) -> None:
    """The sum is not known then: the bad row's customer is held, the others are not held for it."""
    rows = [billed("ann", "Aspen", AverageSpace="?"), billed("bob", "Birch", AverageSpace=GIB)]

    found = read(Tenant(billing=rows, totals={"AverageSpaceUsed": 5 * GIB}))

    assert (found.complete, figures(found)) == (True, [("c-bir", "average_space", "1")])
    assert found.notes == ["the totals of the month's billing were not compared, as some rows cannot be read"]


@pytest.mark.parametrize(
    ("totals", "why"),
    [
        ({"AverageSpaceUsed": 10 * GIB, "TotalRestore": 7}, "MSP360 states AverageSpaceUsed 10737418240 bytes"),
        ({"AverageSpaceUsed": 3 * GIB, "TotalRestore": 8}, "MSP360 states TotalRestore 8 bytes, its 2 rows sum to 7"),
        ({"AverageSpaceUsed": 3 * GIB + 3, "TotalRestore": 7}, "its 2 rows sum to 3221225472"),
        ({"AverageSpaceUsed": 3 * GIB + 2, "TotalRestore": 7}, ""),  # two averages, each rounded to whole bytes
        ({}, ""),
    ],
)
def test_totals_that_do_not_fit_make_it_incomplete(totals: dict[str, Any], why: str, read: Reading) -> None:
    """Law 3: a row that is missing shows in the totals, and then nothing is written."""
    rows = [
        billed("ann", "Aspen", AverageSpace=GIB, TotalVolumeRestore=7),
        billed("bob", "Birch", AverageSpace=2 * GIB),
    ]

    found = read(Tenant(billing=rows, totals=totals))

    assert (found.complete, why in found.incomplete_why) == (not why, True), found.incomplete_why


def test_a_user_that_comes_again_counts_once_or_holds(read: Reading) -> None:
    """The same row again is a repeat; another one for the same user is a contradiction."""
    same = read(Tenant(billing=[billed("ann", "Aspen", AverageSpace=GIB)] * 2, totals={"AverageSpaceUsed": GIB}))
    other = read(Tenant(billing=[billed("ann", "Aspen"), billed("ANN", "Aspen", AverageSpace=GIB)]))

    assert (figures(same), same.complete) == ([("c-asp", "average_space", "1")], True)
    assert same.notes == ["user ann came again at StatisticBilling[1], counted once"]
    assert set(other.failed_customers) == {"c-asp"}


def test_an_empty_list_is_never_everybodys_zero(read: Reading) -> None:
    """Law 3: beside other rows, a month without billing or a list without licences would zero every customer."""
    unbilled = read(Tenant(licenses=[licence("1", "ann")]), "used_space", "licenses")
    unlicensed = read(Tenant(billing=[billed("ann", "Aspen")]), "average_space", "licenses")

    assert (len(unbilled.records), unbilled.incomplete_why) == (
        1,
        "MSP360 lists no usage for 2026-10, although it has 2 users",
    )
    assert (len(unlicensed.records), unlicensed.incomplete_why) == (
        1,
        "MSP360 lists no licences at all; leave the metric out if there are none",
    )
    assert read(Tenant(users=[])).complete


@pytest.mark.parametrize(
    ("details", "why"),
    [
        (stored(("PC1", 5), TotalBackupBytes=6), "TotalBackupBytes: is 6, but the computers sum to 5"),
        (stored(("PC1", 5), UserID="bob"), "UserID: the answer is about user bob"),
        (stored((" ", 5)), "Computer: is empty"),
        (stored(("PC1", -5)), "SizeBackup: -5 is not a number of bytes"),
        ({"TotalBackupBytes": 0}, "there is no list 'UserDetailList'"),
        (reply({"Message": "User was not found"}, 404), "User was not found"),
        (reply({"Message": "failure"}, 500), "HTTP 500"),
    ],
)
def test_details_that_cannot_be_right_hold_one_customer(details: Any, why: str, read: Reading) -> None:
    """Law 10: the others are read; the customer is neither written nor zeroed."""
    tenant = Tenant(
        billing=[billed("ann", "Aspen"), billed("bob", "Birch")],
        details={"ann": details, "bob": stored(("PC1", GIB))},
    )

    found = read(tenant, "used_space", "computers")

    assert list(found.failed_customers) == ["c-asp"]
    assert why in found.failed_customers["c-asp"]
    assert figures(found) == [("c-bir", "used_space", "1"), ("c-bir", "computers", "1")]


@pytest.mark.parametrize("count", [1, 3, 40])
def test_details_that_fail_for_all_or_many_are_the_systems_failure(count: int, read: Reading) -> None:
    """A system that is down is asked a few times, and is then an error, not forty customers' trouble."""
    names = [f"u{number}" for number in range(count)]
    tenant = Tenant(
        users=[user(name, "Aspen") for name in names],
        billing=[billed(name, "Aspen") for name in names],
        details={name: reply({"Message": "down"}, 503) for name in names},
    )

    with pytest.raises(ServerFault):
        read(tenant, "computers", limits=Limits(attempts_max=2))

    asked = sum(path == "/api/Billing/Details" for _, path, _ in tenant.sent)
    assert asked <= 2 * min(count, 14)


def test_a_user_without_backups_is_an_ordinary_zero(read: Reading) -> None:
    """A reported zero is a quantity; a user that the month does not list is no row at all."""
    tenant = Tenant(users=[user("ann", "Aspen"), user("new", "Birch")], billing=[billed("ann", "Aspen")])

    assert figures(read(tenant, "used_space", "computers", "plan")) == [
        ("c-asp", "used_space", "0"),
        ("c-asp", "computers", "0"),
    ]


def test_licences_are_counted_when_taken_and_no_trial(read: Reading) -> None:
    """By type as printed, for the company of today; whoever is gone is placed as in the month's billing."""
    tenant = Tenant(
        billing=[billed("gone", "Birch")],
        licenses=[
            licence("1", "ann"),
            licence("2", "ann", IsTrial=True),
            licence("3", "", IsTaken=False),
            licence("4", "GONE", "SQL"),
            licence("1", "ann"),
        ],
    )

    found = read(tenant, "licenses", "plan")

    assert figures(found) == [("c-asp", "license.Server", "1"), ("c-bir", "license.SQL", "1")]
    assert "licences are counted as they were at the reading, not at the end of the billing period" in found.notes


@pytest.mark.parametrize(
    ("wrong", "field_", "code"),
    [
        (licence("1", "nobody"), "UserID", ""),
        (licence("1", "ann", LicenseType=""), "LicenseType", "c-asp"),
        (licence("1", "ann", IsTaken="yes"), "IsTaken", ""),
        ("x", "row", ""),
    ],
)
def test_a_licence_that_cannot_be_read_is_reported(wrong: Any, field_: str, code: str, read: Reading) -> None:
    """Nothing is dropped silently; one that could be anybody's names no customer."""
    found = read(Tenant(licenses=[wrong, licence("2", "bob")]), "licenses")

    assert [(row.position, row.field, row.customer_code) for row in found.malformed] == [("Licenses[0]", field_, code)]
    assert figures(found) == [("c-bir", "license.Server", "1")]


def test_a_licence_whose_company_is_not_certain_holds_the_candidates(read: Reading) -> None:
    """Law 4: the same as with billing rows."""
    companies = [{"Id": "c1", "Name": "Aspen"}, {"Id": "c2", "Name": "Aspen"}, {"Id": "c-bir", "Name": "Birch"}]

    found = read(Tenant(companies=companies, licenses=[licence("1", "ann"), licence("2", "bob")]), "licenses")

    assert (set(found.failed_customers), figures(found)) == ({"c1", "c2"}, [("c-bir", "license.Server", "1")])


def test_one_licence_with_two_contents_holds_both(read: Reading) -> None:
    """The same id cannot be a server's of one customer and a desktop's of another."""
    found = read(Tenant(licenses=[licence("1", "ann"), licence("1", "bob", "Desktop")]), "licenses")

    assert set(found.failed_customers) == {"c-asp", "c-bir"}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 10, 26), date(2026, 11, 26)),
        (date(2026, 10, 1), date(2026, 12, 1)),
        (date(2026, 10, 1), date(2026, 10, 31)),
        (date(2026, 10, 15), date(2026, 11, 1)),
    ],
)
def test_only_calendar_months_can_be_read(start: date, end: date, hook_of: Callable[..., Msp360Hook]) -> None:
    """MSP360 knows no other period; a wrong calendar is told before anything is asked."""
    tenant = Tenant()

    with pytest.raises(PeriodError, match="MSP360 bills calendar months"):
        hook_of(tenant).read_usage(BillingPeriod(start, end))

    assert tenant.sent == []


def test_december_is_a_month(hook_of: Callable[..., Msp360Hook]) -> None:
    """Its end is in the next year."""
    tenant = Tenant()

    hook_of(tenant, metrics=["plan"]).read_usage(BillingPeriod(date(2026, 12, 1), date(2027, 1, 1)))

    assert tenant.sent[-1] == ("PUT", "/api/Billing", {"Date": "2026-12-01"})


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"metrics": ["used_spaces"]}, "metrics: unknown; did you mean used_space?; got 'used_spaces'"),
        ({"metrics": ["licences"]}, "did you mean licenses?"),
        ({"metrics": ["plan", "plan"]}, "metrics: is named twice; got 'plan'"),
        ({"metrics": []}, "metrics: nothing would be read"),
        ({"metrics": "plan"}, "metrics: is no list"),
        ({"gigabyte": "binray"}, "gigabyte: unknown; did you mean binary?"),
        ({"level": "customer"}, "level: unknown"),
    ],
)
def test_a_wrong_option_is_a_settings_error(options: dict[str, Any], problem: str) -> None:
    """It names the key, the value, a near one and what is allowed, before anything is read."""
    with pytest.raises(SettingsError) as caught:
        Msp360Hook(**options)

    assert problem in str(caught.value)


@pytest.mark.parametrize("status", [403, 401, 400])
def test_a_refused_sign_in_says_what_to_look_at(status: int, hook_of: Callable[..., Msp360Hook]) -> None:
    """Seen: MSP360 refuses a login with 403. Nobody is asked twice, and the password is in no text."""
    sent: list[str] = []

    def answer(request: PreparedRequest) -> Reply:
        sent.append(request.url or "")
        return reply({"Message": "wrong api-secret-1"}, status)

    hook = hook_of(answer)
    for _ in range(2):
        with pytest.raises(SignInRefused, match="api-user was refused: login or password is wrong") as caught:
            hook.read_usage(OCTOBER)

    assert sent == ["https://mbs.example/api/Provider/Login"]
    assert "api-secret-1" not in f"{caught.value} {caught.value.body}"
    assert (caught.value.finding_number, caught.value.failure_class) == (3, FailureClass.SOURCE)


def test_an_expired_token_is_renewed_once(hook_of: Callable[..., Msp360Hook]) -> None:
    """MSP360 does not promise how long a token lives; the first 401 fetches another, and nothing is lost."""
    tokens: list[str] = []

    def answer(request: PreparedRequest) -> Reply:
        if (request.url or "").endswith("/Login"):
            tokens.append(f"tok-12345{len(tokens)}")
            return reply({"access_token": tokens[-1]})
        if request.headers["Authorization"] == "Bearer tok-123450":
            return reply({"Message": "expired"}, 401)
        return reply({"StatisticBilling": []} if "Billing" in (request.url or "") else [])

    assert hook_of(answer).read_usage(OCTOBER).records == []
    assert tokens == ["tok-123450", "tok-123451"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        *((path, "x") for path in ("/api/Companies", "/api/Users", "/api/Billing", "/api/Licenses")),
        *(
            (path, {"Message": "An error"})
            for path in ("/api/Companies", "/api/Users", "/api/Billing", "/api/Licenses")
        ),
        *((path, [1]) for path in ("/api/Companies", "/api/Users", "/api/Billing")),
    ],
)
def test_an_answer_of_another_shape_is_an_error(path: str, body: Any, hook_of: Callable[..., Msp360Hook]) -> None:
    """Law 3: a message in place of a list is no empty list."""
    tenant = Tenant(billing=[billed("ann", "Aspen")])

    def answer(request: PreparedRequest) -> Reply:
        return reply(body) if (request.url or "").endswith(path) else tenant(request)

    with pytest.raises(UnreadableAnswer) as caught:
        hook_of(answer, metrics=["plan", "licenses"]).read_usage(OCTOBER)

    assert caught.value.finding_number == 3


@pytest.mark.parametrize(("stated", "sign_ins"), [({"expires_in": 7200}, 1), ({"expires_in": 600}, 2), ({}, 2)])
def test_a_token_is_renewed_before_it_expires(
    stated: dict[str, int], sign_ins: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the sign-in says counts; without it an hour is assumed. Here an hour passes between two readings."""
    tenant, time = Tenant(), FrozenTime()

    def answer(request: PreparedRequest) -> Reply:
        if (request.url or "").endswith("/Login"):
            tenant(request)
            return reply({"access_token": "tok-1234567", **stated})
        return tenant(request)

    set_connection(monkeypatch, "msp360", host="https://mbs.example", login="u", password="api-secret-1")
    hook = Msp360Hook("msp360", metrics=["plan"], clocks=time.clocks())
    hook.client.session.mount("https://", ScriptedServer(answer))
    hook.read_usage(OCTOBER)
    time.now += 3600
    hook.read_usage(OCTOBER)

    assert sum(path == "/api/Provider/Login" for _, path, _ in tenant.sent) == sign_ins


def test_a_token_is_in_no_text(hook_of: Callable[..., Msp360Hook]) -> None:
    """Law 14: a server that repeats the token in its fault does not bring it into our messages."""
    tenant = Tenant()

    def answer(request: PreparedRequest) -> Reply:
        return reply({"Message": "no: tok-1234567"}, 400) if "Billing" in (request.url or "") else tenant(request)

    with pytest.raises(BadRequest) as caught:
        hook_of(answer).read_usage(OCTOBER)

    assert "no: ***" in str(caught.value)
    assert "tok-1234567" not in f"{caught.value} {caught.value.body}"


def test_testing_names_what_can_be_read(hook_of: Callable[..., Msp360Hook]) -> None:
    """Before the first run, a person knows what is there."""
    tenant = Tenant(billing=[billed("ann", "Aspen")], licenses=[licence("1", "ann")])

    assert hook_of(tenant, metrics=["licenses"]).test_connection() == (
        True,
        "Signed in to https://mbs.example as api-user; 2 companies, 2 users, the current month's billing (1 rows), "
        "1 licences can be read.",
    )
    assert hook_of(lambda request: reply({"Message": "no"}, 403)).test_connection()[0] is False


def test_the_page_says_what_can_be_picked_and_its_example_is_accepted() -> None:
    """Whoever pastes it gets a source; a metric or option that nobody can find cannot be used."""
    page = (Path(__file__).parents[3] / "docs" / "msp360.md").read_text(encoding="utf-8")
    (pasted,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)

    source = source_for(IntegrationSettings(integration="x", psa="connectwise", **json.loads(pasted)))

    assert isinstance(source, Msp360Hook)
    assert [word for word in (*EVERYTHING, "gigabyte", "level", "binary", "decimal") if f"`{word}`" not in page] == []
