"""The language of ``conditions``, asked over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from billing_providers.sandbox.server import SandboxServer
from billing_providers.sandbox.world.resale.records import CwCompany
from tests.support.cw_sandbox import OPEN, CwClient, small_tenant, world_with

ADDITIONS = f"/finance/agreements/{OPEN}/additions"
HOSTILE = (
    "plain", "O'Neill", 'the "best"', "both ' and \"", "100%", "a*b", "back\\slash", "ends with \\", "a & b", "1=1",
    'x" or id>0 or name="x', "x' or id>0 or name='x", "[2026-01-01]", "(a)", "a,b", "null", "true", "Ærø 鯉", "tab\tin",
    "two\nlines", "semi;colon", "#hash", "a+b", "?=", "\u00a0blank",
)  # fmt: skip


@pytest.mark.parametrize(
    ("conditions", "ids"),
    [
        ("", [7001, 7002, 7007, 7008]),
        ("id=7001", [7001]),
        ("id != 7001", [7002, 7007, 7008]),
        ("quantity<3", [7007]),
        ("quantity <= 3", [7002, 7007]),
        ("quantity>4.5", [7001, 7008]),
        ("quantity>=10", [7001]),
        ("margin<0", [7007]),
        ("margin>-3.5", [7001, 7002, 7008]),
        ("product/id=21", [7001, 7008]),
        ("product/identifier='Storage'", [7001, 7008]),
        ('product/identifier="storage"', [7001, 7008]),
        ("product/identifier!='Storage'", [7002, 7007]),
        ("product/identifier contains 'tor'", [7001, 7008]),
        ("product/identifier not contains 'tor'", [7002, 7007]),
        ("product/identifier like 'S%t'", [7002, 7007]),
        ("product/identifier like 's*'", [7001, 7002, 7007, 7008]),
        ("product/identifier like 'eat'", []),
        ("product/identifier not like '%eat'", [7001, 7008]),
        ("id in (7001, 7008,9)", [7001, 7008]),
        ("id not in (7001,7008)", [7002, 7007]),
        ("billCustomer='NoCharge'", [7007]),
        ("billCustomer in ('NoCharge', 'DoNotBill')", [7007]),
        ("taxableFlag=false", [7001, 7002, 7007, 7008]),
        ("taxableFlag=True", []),
        ("cancelledDate=null", [7001, 7007]),
        ("cancelledDate != null", [7002, 7008]),
        ("cancelledDate>=[2026-12-31T00:00:00Z]", [7002]),
        ("cancelledDate<[2026-03-01]", [7008]),
        ("cancelledDate!=[2026-02-28T00:00:00Z]", [7002]),
        ("lastUpdated>[2020-11-02T07:59:59Z]", [7001, 7002, 7007, 7008]),
        ("lastUpdated>[2020-11-02T08:00:00Z]", []),
        ("id=7001 or id=7002 and quantity>5", [7001]),
        ("(id=7001 or id=7002) and quantity>2", [7001, 7002]),
        ("((id=7001))", [7001]),
        ("id=7001 AND Quantity>5".replace("Q", "q"), [7001]),
        ("invoiceDescription='Backup storage' and cancelledDate=null", [7001]),
    ],
)
def test_conditions_let_the_right_records_pass(cw: CwClient, conditions: str, ids: list[int]) -> None:
    """Comparing, text, lists, null, dates, and how and, or and parentheses bind."""
    answer = cw.get(ADDITIONS, conditions=conditions)

    assert answer.status_code == 200, answer.text
    assert [row["id"] for row in answer.json()] == ids


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ("nonsense=1", "nonsense is not a recognized name."),
        ("Quantity=1", "Quantity is not a recognized name."),
        ("product/nonsense=1", "product/nonsense is not a recognized name."),
        ("customFields=1", "customFields is not a recognized name."),
        ("_info/lastUpdated>[2026-01-01]", "_info/lastUpdated is not a recognized name."),
        ("billCustomer='Sometimes'", "Enum value supplied was invalid: Sometimes is no billCustomer."),
        ("quantity='1'", "quantity is number, but the value at position 10 is text."),
        ("product/identifier=1", "product/identifier is text, but the value at position 20 is number."),
        ("cancelledDate='2026-01-01'", "cancelledDate is instant, but the value at position 15 is text."),
        ("taxableFlag=1", "taxableFlag is boolean, but the value at position 13 is number."),
        ("product=21", "product is object, but the value at position 9 is number."),
        ("quantity contains '1'", "contains is for text, but quantity is number."),
        ("quantity>null", "null can only be compared with = and !=, not >."),
        ("billCustomer>'Billable'", "billCustomer can only be compared with = and !=, not >."),
    ],
)
def test_a_name_or_value_that_does_not_fit_is_refused(cw: CwClient, conditions: str, message: str) -> None:
    """A misspelt filter must not look like an empty list."""
    answer = cw.get(ADDITIONS, conditions=conditions)

    assert (answer.status_code, answer.json()) == (400, {"code": "ApiFindCondition", "message": message})


@pytest.mark.parametrize(
    "conditions",
    [
        "quantity",
        "quantity=",
        "quantity==1",
        "=1",
        "quantity=1 quantity=2",
        "quantity=1 and",
        "quantity=1 & id=2",
        "(quantity=1",
        "quantity=1)",
        "id in ()",
        "id in (1",
        "id in 1,2",
        "id in (quantity)",
        "not quantity=1",
        "quantity not 1",
        "product/identifier='Storage",
        "product/identifier=Storage",
        'product/identifier="Sto"rage"',
        "product/identifier='a\\b'",
        "cancelledDate>[yesterday]",
        "cancelledDate>[2026-02-30]",
        "cancelledDate>[2026-01-01T00:00:00+01:00]",
        "cancelledDate>[2026-01-01T00:00:00]",
        "cancelledDate>2026-01-01",
        "quantity=1,5",
    ],
)
def test_what_is_no_condition_is_refused(cw: CwClient, conditions: str) -> None:
    """Every fault of grammar is a refusal, never a guess."""
    answer = cw.get(ADDITIONS, conditions=conditions)

    assert (answer.status_code, answer.json()["code"]) == (400, "ApiFindCondition")


def test_a_name_is_found_whatever_is_in_it() -> None:
    """With quotes and backslashes escaped, each name finds its own company and no other."""
    tenant = replace(
        small_tenant(),
        companies=tuple(CwCompany(501 + place, f"C{place}", name, 1) for place, name in enumerate(HOSTILE)),
    )
    with SandboxServer(world=world_with(tenant)) as box:
        cw = CwClient(box)
        found = {}
        for name in HOSTILE:
            escaped = name.replace("\\", "\\\\").replace('"', '\\"')
            rows = cw.get("/company/companies", conditions=f'name="{escaped}"', fields="name").json()
            found[name] = [row["name"] for row in rows]

    assert found == {name: [name] for name in HOSTILE}


def test_lists_of_other_records_take_conditions_too(cw: CwClient) -> None:
    """References inside of references, and the enum of agreements."""

    def ids(path: str, conditions: str) -> list[int]:
        return [row["id"] for row in cw.get(path, conditions=conditions).json()]

    assert ids("/finance/agreements", "agreementStatus='Active' AND type/id=11 AND company/id=501") == [901, 906]
    assert ids("/finance/agreements", "parentAgreement=null and company/identifier='ONEILL'") == [902]
    assert ids("/finance/agreements", "(type/name='Block Time' or type/name='x') and cancelledFlag=false") == [904]
    assert ids("/finance/agreements", "nextInvoiceDate='2026-07-01'") == [902]
    assert ids("/finance/agreements", "nextInvoiceDate not like '2027%'") == [902]  # nothing is not unlike anything
    assert ids("/company/companies", "deletedFlag=false and status/name='active'") == [501, 502]
    assert ids("/procurement/catalog", "inactiveFlag=false and productClass!='Bundle'") == [21, 22]
