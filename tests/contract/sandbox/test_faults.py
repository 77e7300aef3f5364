"""Each fault does what it says, where and as often as it says, and nothing else."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from billing_providers.sandbox.core.faults import FaultKind
from billing_providers.sandbox.server import SandboxServer
from tests.support.sandbox_clients import BmsClient, atria_get

LINES = "/v2/finance/contracts/5001/services"
PUT = "PUT /v2/finance/contracts/*/services/*"


def _units(box: SandboxServer, line_id: int = 90001) -> str:
    return next(line["units"] for line in box.control.lines() if line["line_id"] == str(line_id))


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_status_refuses_before_applying(box: SandboxServer, bms: BmsClient, status: int) -> None:
    """An HTTP error hits the n-th matching request only, and that one is not applied."""
    box.control.add_fault("status", endpoint=PUT, nth=2, status=status, retry_after_s=7)

    answers = [bms.put_line(5001, 90001, units) for units in (4, 5, 6)]

    assert [answer.status_code for answer in answers] == [200, status, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert [entry["after"] for entry in box.control.audit()] == ["4", "6"]


def test_status_may_come_after_applying(box: SandboxServer, bms: BmsClient) -> None:
    """A 500 can hide a write that was applied."""
    box.control.add_fault("status", endpoint=PUT, status=500, applied=True)

    assert bms.put_line(5001, 90001, 4).status_code == 500
    assert _units(box) == "4"


def test_retry_after_may_be_a_date(box: SandboxServer, bms: BmsClient) -> None:
    """The date is counted from the sandbox's clock."""
    box.control.move_clock(now="2026-07-26T03:00:00Z")
    bms.sign_in()
    box.control.add_fault("status", endpoint="GET *", status=503, retry_after_s=90, retry_after_as="date")

    answer = bms.get(LINES)

    told = parsedate_to_datetime(answer.headers["Retry-After"])
    assert told.isoformat().startswith("2026-07-26T03:01:3")


def test_html_comes_where_json_belongs(box: SandboxServer, bms: BmsClient) -> None:
    """A maintenance page comes with status 200 and is not applied."""
    box.control.add_fault("html", endpoint=PUT)

    answer = bms.put_line(5001, 90001, 4)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert _units(box) == "3"


def test_success_false_comes_with_status_200(box: SandboxServer, bms: BmsClient) -> None:
    """A failure can hide in a 200."""
    box.control.add_fault("success_false", endpoint=PUT, code=42, message="Not today")

    answer = bms.put_line(5001, 90001, 4)

    assert (answer.status_code, answer.json()["success"]) == (200, False)
    assert (answer.json()["error"]["code"], answer.json()["error"]["message"]) == (42, "Not today")
    assert _units(box) == "3"


@pytest.mark.parametrize(("refresh_too", "refreshed"), [(False, 200), (True, 401)])
def test_revoked_tokens_are_refused(box: SandboxServer, bms: BmsClient, refresh_too: bool, refreshed: int) -> None:
    """In the middle of a run the token dies; a refresh helps, unless that is revoked too."""
    box.control.add_fault("revoke_token", endpoint=PUT, refresh_too=refresh_too)

    assert bms.put_line(5001, 90001, 4).status_code == 401
    pair = {"AccessToken": bms.tokens["accessToken"], "RefreshToken": bms.tokens["refreshToken"]}
    assert bms.call("POST", "/v2/security/refreshtoken", data=pair).status_code == refreshed
    assert _units(box) == "3"


def test_a_connection_dropped_before_applies_nothing(box: SandboxServer, bms: BmsClient) -> None:
    """The client sees a lost connection; the write never happened."""
    box.control.add_fault("drop_before", endpoint=PUT)

    with pytest.raises(requests.ConnectionError):
        bms.put_line(5001, 90001, 4)

    assert box.control.audit() == []
    assert box.control.requests()["requests"][-1]["status"] is None


def test_a_connection_dropped_after_hides_an_applied_write(box: SandboxServer, bms: BmsClient) -> None:
    """The client sees the same as before, but the write has happened."""
    box.control.add_fault("drop_after", endpoint=PUT)

    with pytest.raises(requests.ConnectionError):
        bms.put_line(5001, 90001, 4)

    assert [entry["after"] for entry in box.control.audit()] == ["4"]


@pytest.mark.parametrize(
    ("how", "error"), [("length", requests.exceptions.ChunkedEncodingError), ("json", requests.JSONDecodeError)]
)
def test_a_truncated_answer_hides_an_applied_write(
    box: SandboxServer, bms: BmsClient, how: str, error: type[Exception]
) -> None:
    """The body ends too early: against its own length, or in the middle of the JSON."""
    box.control.add_fault("truncate", endpoint=PUT, how=how)

    with pytest.raises(error):
        bms.put_line(5001, 90001, 4).json()

    assert _units(box) == "4"


@pytest.mark.parametrize(("before", "units"), [(False, "4"), (True, "3")])
def test_a_slow_answer_outlasts_the_client(box: SandboxServer, bms: BmsClient, before: bool, units: str) -> None:
    """When the client gives up, the write is applied, or is still to come."""
    box.control.add_fault("slow", endpoint=PUT, seconds=30, before=before)

    with pytest.raises(requests.ReadTimeout):
        bms.call("PUT", f"{LINES}/90001", json={"units": 4, "effectiveDate": "2026-07-26"}, timeout=0.3)

    assert _units(box) == units


def test_refused_connections_end_on_demand(box: SandboxServer, bms: BmsClient) -> None:
    """Nobody listens, also not for a new client, until the fault is cleared; the port stays the same."""
    box.control.add_fault("refuse_connection", endpoint=PUT, seconds=600)
    with pytest.raises(requests.ConnectionError):
        bms.put_line(5001, 90001, 4)
    deadline = time.monotonic() + 10
    refused = False
    while not refused and time.monotonic() < deadline:
        try:
            requests.get(box.control_url + "/settings", timeout=1)
        except requests.ConnectionError as error:
            refused = "refused" in str(error)

    box.control.clear_faults()

    assert refused
    assert bms.put_line(5001, 90001, 5).status_code == 200
    assert [entry["after"] for entry in box.control.audit()] == ["5"]


def test_refused_connections_end_by_themselves(box: SandboxServer, bms: BmsClient) -> None:
    """After its seconds the sandbox listens again."""
    box.control.add_fault("refuse_connection", seconds=0.2)
    with pytest.raises(requests.ConnectionError):
        bms.get(LINES)

    deadline = time.monotonic() + 10
    answered = False
    while not answered and time.monotonic() < deadline:
        try:
            answered = bms.get(LINES).status_code == 200
        except requests.ConnectionError:
            continue

    assert answered


def test_drift_edits_the_line_between_read_and_write(box: SandboxServer, bms: BmsClient) -> None:
    """Somebody edits the line that is about to be read or written; the log tells it apart from the write."""
    box.control.add_fault("drift", endpoint=f"GET {LINES}", nth=2, line_id="90001", delta=5)
    box.control.add_fault("drift", endpoint=PUT, delta=2)

    seen = [bms.get(LINES).json()["result"][0]["units"] for _ in range(2)]
    bms.put_line(5001, 90001, 20)

    assert seen == [3.0, 8.0]
    assert [(entry["by"], entry["before"], entry["after"]) for entry in box.control.audit(by="all")] == [
        ("hand", "3", "8"),
        ("hand", "8", "10"),
        ("api", "10", "20"),
    ]


def test_wrong_total_promises_rows_that_do_not_come(box: SandboxServer, bms: BmsClient) -> None:
    """The stated total is too high, in both systems."""
    box.control.add_fault("wrong_total", by=3, count=0)

    assert bms.get("/v2/crm/accounts/summary", PageSize=1).json()["totalRecords"] == 151
    told = atria_get(box, "2026-07-25").json()
    assert told["recordCount"] == len(told["items"]) + 3


def test_short_page_loses_rows(box: SandboxServer, bms: BmsClient) -> None:
    """Rows are missing at the end of a page, in both systems; the total still counts them."""
    box.control.add_fault("short_page", by=2, count=0)

    answer = bms.get("/v2/crm/accounts/summary", PageSize=10).json()
    assert (len(answer["result"]), answer["totalRecords"]) == (8, 148)
    told = atria_get(box, "2026-07-25").json()
    assert len(told["items"]) == told["recordCount"] - 2


def test_readback_lie_shows_another_number_than_is_held(box: SandboxServer, bms: BmsClient) -> None:
    """The answer to a write, or a later read, differs from the state."""
    box.control.add_fault("readback_lie", endpoint=PUT, delta=-1)
    box.control.add_fault("readback_lie", endpoint=f"GET {LINES}", delta=10)

    written = bms.put_line(5001, 90001, 4).json()["result"]["units"]
    read = [bms.get(LINES).json()["result"][0]["units"] for _ in range(2)]

    assert (written, read, _units(box)) == (3.0, [14.0, 4.0], "4")


def test_faults_hit_their_system_only(box: SandboxServer, bms: BmsClient) -> None:
    """A fault of one system leaves the other alone."""
    box.control.add_fault("status", system="atria", count=0)

    assert bms.get(LINES).status_code == 200
    assert atria_get(box, "2026-07-25").status_code == 503


def test_faults_tell_how_often_they_acted(box: SandboxServer, bms: BmsClient) -> None:
    """A test can see that its fault was reached; the request log names it."""
    box.control.add_fault("status", endpoint="GET /v2/finance/contracts/{contract_id}/services", nth=2, count=2)

    statuses = [bms.get(LINES).status_code for _ in range(4)]

    assert statuses == [200, 503, 503, 200]
    assert [(fault["seen"], fault["hits"]) for fault in box.control.faults()] == [(4, 2)]
    log = box.control.requests()["requests"][-4:]
    assert [row["faults"] for row in log] == [[], ["status"], ["status"], []]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "explode"}, "no fault 'explode'"),
        ({"kind": "status", "code": 1}, "no setting 'code'"),
        ({"kind": "slow", "seconds": "1"}, "wants float"),
        ({"kind": "truncate", "how": "half"}, "one of length, json"),
        ({"kind": "status", "nth": 0}, "nth starts at 1"),
        ({"kind": "status", "system": "halopsa"}, "no system 'halopsa'"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(box: SandboxServer, fault: dict[str, object], reason: str) -> None:
    """A misspelt fault must not look like one that never came."""
    with pytest.raises(ValueError, match=reason):
        box.control.add_fault(**fault)  # type: ignore[arg-type]


def test_every_kind_of_fault_is_tested_here() -> None:
    """A new kind of fault comes with a test that names it."""
    from pathlib import Path

    told = Path(__file__).read_text(encoding="utf-8")

    assert [kind for kind in FaultKind if f'add_fault("{kind.value}"' not in told] == []
