"""How close writes come to the limit that latency and requests in flight set, and what a call costs in CPU.

A server of its own process answers every request after 100 ms. With three requests allowed in flight, 30 writes a
second are the limit. Measured side by side, in the same run and order:

- ours: the HTTP client of the hooks, with sign-in, budget, typed errors and exact JSON;
- kept alive: three threads, each with a plain ``requests.Session`` of its own, no checks at all;
- naive: a new connection per call and a read before each write, one after the other.

Run: ``python benchmarks/http_calls.py [--writes 300] [--latency-ms 100]``.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

IN_FLIGHT = 3
BODY = b'{"success":true,"result":{"id":501,"units":12.0}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


def serve(latency_s: float, told: Connection) -> None:
    """Answer every request on loopback after the latency; tell the port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                sent = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if sent:
                    await reader.readexactly(int(sent[0].partition(b":")[2]))
                await asyncio.sleep(latency_s)
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def ours(url: str, writes: int) -> None:
    """Write through the hooks' client."""
    from billing_providers.hooks.bms.envelope import open_envelope
    from billing_providers.hooks.http.client import HttpClient
    from billing_providers.hooks.http.faults import ErrorVoice
    from billing_providers.hooks.http.repeats import Limits
    from billing_providers.hooks.http.sign_in import FixedToken

    limits = Limits(requests_in_flight_max=IN_FLIGHT, requests_per_hour=10_000_000)
    client = HttpClient(url, ErrorVoice("benchmark"), limits=limits, read=open_envelope)
    client.sign_in = FixedToken("benchmark-token")

    def write(number: int) -> None:
        values = {"contract_id": "1", "line_id": str(number)}
        body = {"units": number, "effectiveDate": "2026-11-26T00:00:00"}
        envelope = client.call("PUT", "/v2/contracts/{contract_id}/services/{line_id}", values=values, json=body)
        assert envelope.row().number("units") == 12

    client.map(write, range(writes))
    client.close()


def kept_alive(url: str, writes: int) -> None:
    """Write with three threads, each with a plain session."""
    import requests

    def work(thread: int) -> None:
        with requests.Session() as session:
            for number in range(thread, writes, IN_FLIGHT):
                session.put(f"{url}/v2/contracts/1/services/{number}", json={"units": number}, timeout=60).json()

    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        list(threads.map(work, range(IN_FLIGHT)))


def naive(url: str, writes: int) -> None:
    """Read, then write, one after the other, each on a connection of its own."""
    import requests

    for number in range(writes):
        requests.get(f"{url}/v2/contracts/1/services", timeout=60).json()
        requests.put(f"{url}/v2/contracts/1/services/{number}", json={"units": number}, timeout=60).json()


def measured(name: str, work: Callable[[str, int], None], url: str, writes: int, latency_s: float, calls: int) -> None:
    """Run once and print the share of the limit and the CPU per call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work(url, writes)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    share = 100 * writes * latency_s / IN_FLIGHT / wall
    print(f"{name:<11} {wall:7.2f} s   {share:5.1f} % of the limit   {1000 * cpu / calls:5.2f} ms CPU per call")


def main() -> None:
    """Start the server, measure, end the server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writes", type=int, default=300)
    parser.add_argument("--latency-ms", type=float, default=100.0)
    asked = parser.parse_args()
    latency_s = asked.latency_ms / 1000
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(latency_s, there), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{here.recv()}"
        few = max(10, asked.writes // 10)
        ours(url, IN_FLIGHT)  # imports are no part of a call
        measured("ours", ours, url, asked.writes, latency_s, asked.writes)
        measured("kept alive", kept_alive, url, asked.writes, latency_s, asked.writes)
        measured("naive", naive, url, few, latency_s, 2 * few)
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
