"""A slow server, faults on demand, and the two limits of the simulated Autotask."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from billing_providers.sandbox.server import SandboxServer
from tests.support.at_sandbox import AFFIRMED, BACKUPS, OPEN, SEATS, UNUSED, AtClient, condition

PSA = "autotask"
ADJUST = "POST /Contracts/*/ServiceAdjustments"


def units_in_august(at: AtClient, line_id: int = SEATS) -> list[int]:
    return [units for start, _, units in at.rows(line_id) if start.startswith("08")]


def test_an_adjustment_may_show_late(box: SandboxServer, at: AtClient) -> None:
    """A slow server: accepted and logged, but the rows tell only later."""
    box.control.change_settings(at_apply_delay_s=30)
    at.adjust(OPEN, contractServiceID=SEATS, unitChange=3, effectiveDate="2026-08-01")
    at.adjust(OPEN, serviceID=UNUSED, unitChange=1, effectiveDate="2026-08-01")

    assert (units_in_august(at), units_in_august(at, 8007)) == ([12], [])
    assert [entry["after"] for entry in box.control.audit(system=PSA)] == ["15", "1"]
    box.control.move_clock(advance_s=31)
    assert (units_in_august(at), units_in_august(at, 8007)) == ([15], [1])


def test_rules_look_at_what_was_accepted_not_at_what_shows(box: SandboxServer, at: AtClient) -> None:
    """Two adjustments in a row show one after the other, and neither is forgotten."""
    box.control.change_settings(at_apply_delay_s=30)
    at.adjust(OPEN, contractServiceID=BACKUPS, unitChange=-5, effectiveDate="2026-08-01")

    refused = at.adjust(OPEN, contractServiceID=BACKUPS, unitChange=-1, effectiveDate="2026-08-02")
    box.control.move_clock(advance_s=20)
    at.adjust(OPEN, contractServiceID=BACKUPS, unitChange=2, effectiveDate="2026-08-03")

    assert refused.status_code == 500
    assert units_in_august(at, BACKUPS) == [5]
    box.control.move_clock(advance_s=15)
    assert units_in_august(at, BACKUPS) == [0]
    box.control.move_clock(advance_s=20)
    assert units_in_august(at, BACKUPS) == [0, 2]


def test_what_a_person_edits_shows_at_once(box: SandboxServer, at: AtClient) -> None:
    """Also while an adjustment does not show yet."""
    box.control.change_settings(at_apply_delay_s=30)
    at.adjust(OPEN, contractServiceID=SEATS, unitChange=3, effectiveDate="2026-08-01")

    box.control.edit_line(SEATS, system=PSA, units="20", effective_date="2026-08-01")

    assert units_in_august(at) == [17]
    box.control.move_clock(advance_s=31)
    assert units_in_august(at) == [20]


def test_a_lost_answer_is_applied_and_a_lost_request_is_not(box: SandboxServer, at: AtClient) -> None:
    """Only the rows tell which it was."""
    body = {"contractServiceID": SEATS, "unitChange": 3, "effectiveDate": "2026-08-01"}
    box.control.add_fault("drop_before", system=PSA, endpoint=ADJUST)
    with pytest.raises(requests.ConnectionError):
        at.adjust(OPEN, **body)
    assert units_in_august(at) == [12]

    box.control.add_fault("drop_after", system=PSA, endpoint=ADJUST)
    with pytest.raises(requests.ConnectionError):
        at.adjust(OPEN, **body)

    assert units_in_august(at) == [15]


def test_faults_change_answers_in_this_systems_form(box: SandboxServer, at: AtClient) -> None:
    """Errors, counts, short pages, and units that are not so."""
    box.control.add_fault("status", system=PSA, status=503, retry_after_s=4)
    failed = at.get("/Companies/801")
    box.control.add_fault("success_false", system=PSA, message="No")
    in_200 = at.get("/Companies/801")
    box.control.clear_faults()
    box.control.add_fault("wrong_total", system=PSA, by=5, count=2)
    total = at.query("Contracts", AFFIRMED).json()["pageDetails"]["count"]
    counted = at.call("POST", "/Contracts/query/count", json={"filter": [AFFIRMED]}).json()
    box.control.add_fault("short_page", system=PSA, by=2)
    short = at.query("Contracts", AFFIRMED).json()
    box.control.add_fault("readback_lie", system=PSA, delta=-1)
    lied = units_in_august(at)

    assert (failed.status_code, failed.json(), failed.headers["Retry-After"]) == (
        503, {"errors": ["An error has occurred."]}, "4",
    )  # fmt: skip
    assert (in_200.status_code, in_200.json()) == (200, {"errors": ["500: No"]})
    assert (total, counted) == (10, {"queryCount": 10})
    assert (len(short["items"]), short["pageDetails"]["count"]) == (3, 5)
    assert (lied, units_in_august(at)) == ([11], [12])


@pytest.mark.parametrize(("line_id", "units"), [("", 13), ("8002", 12)])
def test_somebody_edits_a_line_before_it_is_adjusted(
    box: SandboxServer, at: AtClient, line_id: str, units: int
) -> None:
    """The named line, else the one that the request names."""
    box.control.add_fault("drift", system=PSA, endpoint=ADJUST, line_id=line_id, delta=1)

    at.adjust(OPEN, contractServiceID=SEATS, unitChange=0, effectiveDate="2026-08-04")

    assert at.rows(SEATS)[-4][2] == units
    assert [entry["line_id"] for entry in box.control.audit(by="hand", system=PSA)] == [line_id or str(SEATS)]


@pytest.mark.parametrize("status", [429, 500])
def test_a_fourth_call_at_once_on_an_endpoint_is_refused(box: SandboxServer, at: AtClient, status: int) -> None:
    """Whatever it asks of the endpoint; the same moment another endpoint still answers."""
    box.control.change_settings(at_latency_ms=600, at_thread_status=status)
    ready = threading.Barrier(5)

    def ask(path: str) -> requests.Response:
        client = AtClient(box)
        ready.wait()
        return client.get(path)

    paths = ["/Contracts/7001", "/Contracts/7002", "/Contracts/entityInformation", "/Contracts/7001", "/Companies/801"]
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(ask, paths))

    refused = [answer for answer in answers if answer.status_code != 200]
    assert [answer.status_code for answer in refused] == [status]
    assert refused[0].json() == {"errors": ["Itgenatr005: The thread threshold of 3 for Contracts has been exceeded."]}
    assert answers[-1].status_code == 200
    assert at.get("/Contracts/7001").status_code == 200


def test_calls_of_an_hour_are_limited_for_all_integrations_together(box: SandboxServer, at: AtClient) -> None:
    """The look-up of usage counts itself; after an hour there is room again."""
    box.control.change_settings(at_threshold=105, at_used_by_others=100)

    assert at.get("/ThresholdInformation").json() == {
        "externalRequestThreshold": 105,
        "requestThresholdTimeframe": 60,
        "currentTimeframeRequestCount": 101,
    }
    statuses = [at.query("Companies", condition("id", "eq", 801)).status_code for _ in range(6)]
    assert statuses == [200, 200, 200, 200, 429, 429]
    box.control.move_clock(advance_s=3599)
    assert at.get("/ThresholdInformation").status_code == 429
    box.control.move_clock(advance_s=2)
    assert at.get("/ThresholdInformation").json()["currentTimeframeRequestCount"] == 101
