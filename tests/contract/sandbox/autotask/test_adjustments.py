"""Adjustments: what they answer, what they refuse, and what they do to the wrong line."""

from __future__ import annotations

from typing import Any

import pytest

from billing_providers.sandbox.server import SandboxServer
from tests.support.at_sandbox import (
    BACKUP,
    BACKUPS,
    BLOCK,
    DISCOUNT,
    INACTIVE,
    KIT,
    KITS,
    ON_INACTIVE,
    ON_SHORT,
    OPEN,
    RETIRED,
    SEAT,
    SEATS,
    SHORT,
    SPARE_KIT,
    UNUSED,
    AtClient,
    errors,
)

PSA = "autotask"
OUTSIDE = (
    "ContractServiceAdjustment effectiveDate must be between the start date and end date of the Contract referenced "
    "by contractID."
)
POSTED = (
    "Unable to make changes as it would result in the deletion/modification of an already approved and posted "
    "contract period"
)
NEGATIVE = "The unitChange would result in a negative number of units."
REPEATED = "Attempt to insert duplicate data into contract_service_period"


def units_now(box: SandboxServer) -> dict[str, str]:
    return {line["line_id"]: line["units"] for line in box.control.lines(system=PSA)}


@pytest.mark.parametrize(
    "body",
    [
        {"contractServiceID": SEATS, "unitChange": 2, "effectiveDate": "2026-08-01"},
        {"contractID": OPEN, "contractServiceID": SEATS, "unitChange": 2, "effectiveDate": "2026-08-01"},
        {"id": 0, "serviceId": SEAT, "ContractID": OPEN, "unitchange": 2, "effectiveDate": "2026-08-01"},
        {"contractServiceID": SEATS, "unitChange": 2, "effectiveDate": "2026-08-01T23:30:00-05:00"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [f"/Contracts/{OPEN}/ServiceAdjustments", "/ContractServiceAdjustments"])
def test_an_adjustment_answers_nothing_but_is_applied(
    box: SandboxServer, at: AtClient, path: str, body: dict[str, Any]
) -> None:
    """By line or by contract and service, at both paths; of an instant only the date counts, as it is written."""
    answer = at.call("POST", path, json=body)

    assert (answer.status_code, answer.json()) == (200, {"itemId": None})
    entries = box.control.audit(system=PSA)
    assert [{name: entry[name] for name in entry if name not in ("seq", "at", "request_id")} for entry in entries] == [
        {
            "by": "api",
            "system": PSA,
            "call": f"POST {path.replace(str(OPEN), '{parentId}')}",
            "account_id": "801",
            "contract_id": str(OPEN),
            "line_id": str(SEATS),
            "field": "units",
            "before": "12",
            "after": "14",
            "delta": "2",
            "effective_date": "2026-08-01",
        }
    ]
    assert entries[0]["request_id"] == box.control.requests()["requests"][-1]["request_id"]


def test_units_before_and_after_are_those_of_the_effective_date(box: SandboxServer, at: AtClient) -> None:
    """Not those of today."""
    at.adjust(OPEN, contractServiceID=SEATS, unitChange=-5, effectiveDate="2026-11-01")

    entry = box.control.audit(system=PSA)[0]
    assert (entry["before"], entry["after"], entry["delta"], entry["effective_date"]) == (
        "15", "10", "-5", "2026-11-01",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("contract_id", "body", "why"),
    [
        (OPEN, {"contractServiceID": SEATS, "unitChange": 1}, "Missing Required Field: effectiveDate."),
        (OPEN, {"contractServiceID": SEATS, "effectiveDate": "2025-12-31"}, OUTSIDE),
        (OPEN, {"contractServiceID": SEATS, "effectiveDate": "2027-01-01"}, OUTSIDE),
        (SHORT, {"contractServiceID": ON_SHORT, "effectiveDate": "2026-09-21"}, OUTSIDE),
        (SHORT, {"serviceID": UNUSED, "unitChange": 1, "effectiveDate": "2026-03-16"}, OUTSIDE),
        (OPEN, {"contractServiceID": SEATS, "unitChange": 1, "effectiveDate": "2026-06-30"}, POSTED),
        (OPEN, {"contractServiceID": SEATS, "unitChange": -13, "effectiveDate": "2026-08-01"}, NEGATIVE),
        (OPEN, {"contractServiceID": BACKUPS, "unitChange": -6, "effectiveDate": "2026-12-31"}, NEGATIVE),
        (OPEN, {"serviceID": UNUSED, "unitChange": -1, "effectiveDate": "2026-08-01"}, NEGATIVE),
        (
            SHORT,
            {"contractServiceID": SEATS, "unitChange": 1, "effectiveDate": "2026-08-01"},
            f"The contractServiceID {SEATS} does not belong to the Contract referenced by contractID.",
        ),
        (
            SHORT,
            {"contractID": OPEN, "contractServiceID": SEATS, "unitChange": 1, "effectiveDate": "2026-08-01"},
            f"The contractID {OPEN} does not match the parent {SHORT}.",
        ),
        (
            OPEN,
            {"contractServiceID": 9999, "unitChange": 1, "effectiveDate": "2026-08-01"},
            "The contractServiceID 9999 does not exist.",
        ),
        (
            OPEN,
            {"unitChange": 1, "effectiveDate": "2026-08-01"},
            "Either contractServiceID, or contractID and serviceID are required.",
        ),
        (
            OPEN,
            {"serviceID": 99, "unitChange": 1, "effectiveDate": "2026-08-01"},
            "The serviceID 99 does not exist.",
        ),
        (
            7999,
            {"serviceID": SEAT, "unitChange": 1, "effectiveDate": "2026-08-01"},
            "The contractID 7999 does not exist.",
        ),
        (
            OPEN,
            {"serviceID": RETIRED, "unitChange": 1, "effectiveDate": "2026-08-01"},
            f"The serviceID {RETIRED} is inactive.",
        ),
        (
            BLOCK,
            {"serviceID": SEAT, "unitChange": 1, "effectiveDate": "2026-08-01"},
            "The Contract referenced by contractID must be of type Recurring Service.",
        ),
    ],
)
def test_what_an_adjustment_refuses(
    box: SandboxServer, at: AtClient, contract_id: int, body: dict[str, Any], why: str
) -> None:
    """500 with the reason, and nothing is applied."""
    before = box.control.lines(system=PSA)

    assert errors(at.adjust(contract_id, **body)) == [why]
    assert box.control.audit(by="all", system=PSA) == []
    assert box.control.lines(system=PSA) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"unitChange": 1.5},
        {"unitChange": "2"},
        {"unitChange": 2**31},
        {"unitChange": True},
        {"effectiveDate": "2026-02-30"},
        {"effectiveDate": "01.08.2026"},
        {"effectiveDate": 20260801},
        {"adjustedUnitPrice": "11"},
        {"allowRepeatService": 1},
    ],
)
def test_values_of_a_wrong_type_are_refused(box: SandboxServer, at: AtClient, wrong: dict[str, Any]) -> None:
    """Units are whole numbers that fit into 32 bits, dates are dates."""
    body = {"contractServiceID": SEATS, "unitChange": 1, "effectiveDate": "2026-08-01", **wrong}

    assert errors(at.adjust(OPEN, **body))[0].startswith("Error converting value")
    assert box.control.audit(system=PSA) == []


def test_a_decrease_may_go_to_zero_but_not_below_on_any_later_day(box: SandboxServer, at: AtClient) -> None:
    """Later rows carry the change, so the fewest units from the day on count."""
    at.adjust(OPEN, contractServiceID=BACKUPS, unitChange=-3, effectiveDate="2026-10-01")

    assert errors(at.adjust(OPEN, contractServiceID=BACKUPS, unitChange=-3, effectiveDate="2026-08-01")) == [NEGATIVE]
    assert at.adjust(OPEN, contractServiceID=BACKUPS, unitChange=-2, effectiveDate="2026-08-01").status_code == 200
    assert [units for _, _, units in at.rows(BACKUPS)] == [3, 3, 0, 0, 0]


def test_a_second_change_of_a_line_on_one_day_is_refused(box: SandboxServer, at: AtClient) -> None:
    """Another day, another line, or a person on the same day is not."""
    body = {"contractServiceID": SEATS, "unitChange": 1, "effectiveDate": "2026-08-01"}
    box.control.edit_line(SEATS, system=PSA, units="20", effective_date="2026-08-01")

    assert at.adjust(OPEN, **body).status_code == 200
    assert errors(at.adjust(OPEN, **body)) == [REPEATED]
    assert at.adjust(OPEN, **{**body, "effectiveDate": "2026-08-02"}).status_code == 200
    assert at.adjust(OPEN, **{**body, "contractServiceID": BACKUPS}).status_code == 200
    assert [units for _, _, units in at.rows(SEATS)][:3] == [21, 22, 22]


def test_a_line_that_an_adjustment_made_has_had_its_change_of_that_day(at: AtClient) -> None:
    """The adjustment that put it on the contract counts."""
    body = {"serviceID": UNUSED, "unitChange": 4, "effectiveDate": "2026-08-01"}

    assert at.adjust(OPEN, **body).status_code == 200
    assert errors(at.adjust(OPEN, **body)) == [REPEATED]


def test_where_the_last_change_of_a_day_wins_it_takes_the_place_of_the_first(box: SandboxServer, at: AtClient) -> None:
    """So a delta that is computed from the units in force is wrong: 12 + 1, then 12 + 4."""
    box.control.change_settings(at_same_date="last_wins")

    for change in (1, 4):
        assert (
            at.adjust(OPEN, contractServiceID=SEATS, unitChange=change, effectiveDate="2026-08-01").status_code == 200
        )

    assert units_now(box)[str(SEATS)] == "16"
    assert [(entry["before"], entry["after"]) for entry in box.control.audit(system=PSA)] == [
        ("12", "13"), ("13", "16"),
    ]  # fmt: skip
    assert errors(at.adjust(OPEN, contractServiceID=SEATS, unitChange=-13, effectiveDate="2026-08-01")) == [NEGATIVE]


def test_two_lines_of_one_service_are_told_apart_by_their_ids_alone(box: SandboxServer, at: AtClient) -> None:
    """By contract and service, the first line takes it: the one at full price here, and the discount stays."""
    at.adjust(OPEN, contractID=OPEN, serviceID=BACKUP, unitChange=4, effectiveDate="2026-08-01")

    told = units_now(box)
    assert (told[str(BACKUPS)], told[str(DISCOUNT)]) == ("9", "5")


def test_a_service_that_is_not_on_the_contract_is_put_there(box: SandboxServer, at: AtClient) -> None:
    """With units from the day on; a wrong serviceID makes a line that nobody wanted."""
    answer = at.adjust(OPEN, serviceID=UNUSED, unitChange=4, adjustedUnitPrice=6.5, effectiveDate="2026-08-10")

    assert answer.json() == {"itemId": None}
    line = next(line for line in box.control.lines(system=PSA) if line["service_id"] == str(UNUSED))
    assert line["line_id"] == "8007"
    assert at.rows(8007)[:2] == [("08-10", "08-31", 4), ("09-01", "09-30", 4)]
    shown = at.get("/ContractServices/8007").json()["item"]
    assert (shown["contractID"], shown["internalCurrencyAdjustedPrice"], shown["unitCost"]) == (OPEN, 6.5, 3)
    entries = box.control.audit(system=PSA)
    assert [(entry["line_id"], entry["field"], entry["before"], entry["after"]) for entry in entries] == [
        ("8007", "units", None, "4"),
        ("8007", "unit_price", None, "6.5"),
    ]


def test_a_line_that_came_later_may_be_adjusted_before_its_first_day(at: AtClient) -> None:
    """It is there from that day on then."""
    at.adjust(OPEN, serviceID=UNUSED, unitChange=4, effectiveDate="2026-08-10")
    at.adjust(OPEN, serviceID=UNUSED, unitChange=2, effectiveDate="2026-07-20")

    assert at.rows(8007, since="2026-07-01")[:4] == [
        ("07-20", "07-31", 2), ("08-01", "08-09", 2), ("08-10", "08-31", 6), ("09-01", "09-30", 6),
    ]  # fmt: skip


def test_a_tenant_may_refuse_to_put_services_on_contracts(box: SandboxServer, at: AtClient) -> None:
    """A setting."""
    box.control.change_settings(at_missing_line="refuse")

    assert errors(at.adjust(OPEN, serviceID=UNUSED, unitChange=4, effectiveDate="2026-08-01")) == [
        f"The serviceID {UNUSED} is not on the Contract referenced by contractID."
    ]


def test_a_second_line_of_a_service_is_made_on_request(box: SandboxServer, at: AtClient) -> None:
    """allowRepeatService."""
    at.adjust(OPEN, serviceID=SEAT, unitChange=1, effectiveDate="2026-08-01", allowRepeatService=True)

    assert units_now(box)["8007"] == "1"
    assert units_now(box)[str(SEATS)] == "12"


def test_an_inactive_contract_is_adjusted_like_any_other(box: SandboxServer, at: AtClient) -> None:
    """It is billed too, so that a run which takes it by mistake is seen to write."""
    assert at.adjust(INACTIVE, contractServiceID=ON_INACTIVE, unitChange=2, effectiveDate="2026-08-01").json() == {
        "itemId": None
    }
    assert units_now(box)[str(ON_INACTIVE)] == "2"


def test_bundles_are_adjusted_at_a_path_of_their_own(box: SandboxServer, at: AtClient) -> None:
    """By line, by contract and bundle, or put on the contract; the log marks their ids."""
    at.adjust_bundle(OPEN, contractServiceBundleID=KITS, unitChange=2, effectiveDate="2026-08-01")
    at.call(
        "POST",
        "/ContractServiceBundleAdjustments",
        json={"contractID": OPEN, "serviceBundleID": KIT, "unitChange": 1, "effectiveDate": "2026-08-02"},
    )
    at.adjust_bundle(OPEN, serviceBundleID=SPARE_KIT, unitChange=1, effectiveDate="2026-08-01")

    entries = box.control.audit(system=PSA)
    assert [(entry["line_id"], entry["before"], entry["after"]) for entry in entries] == [
        ("b8001", "3", "5"), ("b8001", "5", "6"), ("b8002", None, "1"),
    ]  # fmt: skip
    assert units_now(box)[str(SEATS)] == "12"
    assert errors(at.adjust_bundle(OPEN, contractServiceBundleID=KITS, effectiveDate="2027-01-01"))[0].startswith(
        "ContractServiceBundleAdjustment effectiveDate must be between"
    )


@pytest.mark.parametrize("strict", [False, True])
def test_unknown_names_in_a_body_are_ignored(box: SandboxServer, at: AtClient, strict: bool) -> None:
    """So a misspelt unitChange changes nothing, and answers success; strict, it is refused."""
    box.control.change_settings(at_strict_queries=strict)

    answer = at.adjust(OPEN, contractServiceID=SEATS, unitsChange=5, effectiveDate="2026-08-01")

    assert answer.status_code == (500 if strict else 200)
    assert units_now(box)[str(SEATS)] == "12"
    assert box.control.ignored_by_autotask() == [
        {
            "place": "POST /Contracts/{parentId}/ServiceAdjustments",
            "what": "ContractServiceAdjustment has no field 'unitsChange'",
        }
    ]
