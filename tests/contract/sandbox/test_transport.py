"""Real HTTP/1.1: connections are kept, requests run at once, and both are counted."""

from __future__ import annotations

import http.client
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from billing_providers.sandbox.server import SandboxServer
from tests.support.sandbox_clients import BmsClient, atria_get

LINES = "/v2/finance/contracts/5001/services"


def test_connections_are_kept_alive(box: SandboxServer, bms: BmsClient) -> None:
    """A session uses one TCP connection for all its requests, errors and writes included."""
    for path in (LINES, "/v2/nowhere", "/v2/crm/accounts/lookup"):
        bms.get(path)
    bms.put_line(5001, 90001, 4)

    report = box.control.requests()
    assert (report["total"], report["new_connections"]) == (5, {"kaseya_bms": 1})


def test_new_connections_are_counted(box: SandboxServer) -> None:
    """A client that does not keep its connection is found out."""
    for _ in range(3):
        BmsClient(box).get(LINES)

    assert box.control.requests()["new_connections"] == {"kaseya_bms": 3}


def test_requests_in_flight_are_counted(box: SandboxServer, bms: BmsClient) -> None:
    """Requests run at once; the most at one time is told per system and per endpoint."""
    box.control.forget_requests()
    box.control.add_fault("slow", seconds=600, count=3)

    def read(contract_id: int) -> None:
        client = BmsClient(box)
        client.use(bms.tokens)
        with pytest.raises(requests.ConnectionError):  # cut off by the stop below
            client.get(f"/v2/finance/contracts/{contract_id}/services")

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read, contract_id) for contract_id in (5001, 5002, 5003)]
        deadline = time.monotonic() + 15
        while box.control.requests()["max_in_flight"] != {"kaseya_bms": 3} and time.monotonic() < deadline:
            time.sleep(0.01)
        box.stop()
        for reader in readers:
            reader.result()

    report = box.control.requests()
    assert report["max_in_flight"] == {"kaseya_bms": 3}
    assert report["max_in_flight_per_endpoint"] == {"GET /v2/finance/contracts/{contract_id}/services": 3}


def test_latency_holds_every_answer_back(box: SandboxServer, bms: BmsClient) -> None:
    """No answer comes before the set latency."""
    box.control.change_settings(latency_ms=120)

    assert bms.get(LINES).elapsed.total_seconds() >= 0.12


def test_the_log_tells_requests_without_secrets(box: SandboxServer, bms: BmsClient) -> None:
    """Each request is logged with path, query and status, and whether it could write; tokens and forms are not."""
    bms.get("/v2/crm/accounts/summary", PageSize=1)
    bms.put_line(5001, 90001, 4)
    report = box.control.requests()

    assert [
        (row["method"], row["endpoint"].split(" ")[1], row["query"], row["status"], row["writes"])
        for row in report["requests"]
    ] == [
        ("POST", "/v2/security/authenticate", "", 200, False),
        ("GET", "/v2/crm/accounts/summary", "PageSize=1", 200, False),
        ("PUT", "/v2/finance/contracts/{contract_id}/services/{line_id}", "", 200, True),
    ]
    assert report["writing"] == 1
    assert bms.tokens["accessToken"] not in str(report)
    assert "sandbox-Tide" not in str(report)


def test_the_audit_is_right_under_concurrent_writes(box: SandboxServer, bms: BmsClient) -> None:
    """Each write is applied and logged once: every entry starts from what the one before it left."""

    def write(units: int) -> None:
        client = BmsClient(box)
        client.use(bms.tokens)
        for _ in range(5):
            client.put_line(5001, 90001, units)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, (10, 20, 30, 40)))

    audit = box.control.audit()
    assert len(audit) == 20
    assert [entry["before"] for entry in audit] == ["3", *(entry["after"] for entry in audit[:-1])]
    assert [entry["seq"] for entry in audit] == list(range(1, 21))


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Transfer-Encoding": "chunked"}, 411), ({"Content-Length": "many"}, 400), ({"Content-Length": "99999999"}, 413)],
)
def test_bodies_without_a_sound_length_are_refused(box: SandboxServer, headers: dict[str, str], status: int) -> None:
    """The server never waits for a body that it cannot measure."""
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=10)
    connection.putrequest("POST", "/kaseya_bms/v2/security/authenticate")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()

    assert connection.getresponse().status == status
    connection.close()


def test_only_loopback_is_listened_on(box: SandboxServer) -> None:
    """Nothing outside of the machine can reach the sandbox."""
    assert box.base_url("atria") == f"http://127.0.0.1:{box.port}/atria"
    elsewhere = socket.gethostbyname(socket.gethostname())
    if not elsewhere.startswith("127."):
        with pytest.raises(OSError), socket.create_connection((elsewhere, box.port), timeout=1):
            pass


def test_two_sandboxes_share_nothing(box: SandboxServer, bms: BmsClient) -> None:
    """State belongs to an instance: what one applies, another does not know."""
    with SandboxServer() as other:
        bms.put_line(5001, 90001, 4)

        assert other.control.audit() == []
        assert other.control.lines()[0]["units"] == "3"
        foreign = {"Authorization": f"Bearer {bms.tokens['accessToken']}"}
        assert BmsClient(other).call("GET", LINES, headers=foreign).status_code == 401


def test_a_stopped_sandbox_frees_its_port() -> None:
    """Stop closes the port and the kept connections, at once, also while an answer is late."""
    box = SandboxServer(latency_ms=60_000).start()
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(atria_get, box, "2026-07-25")
        while not box.control.requests()["total"]:
            pass
        box.stop()
        with pytest.raises(OSError):
            late.result(timeout=10).raise_for_status()

    with SandboxServer(port=box.port) as again:
        assert again.port == box.port
