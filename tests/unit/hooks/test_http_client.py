"""What the one HTTP client promises: what is repeated, what never is, and what no error text ever shows."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
import requests
from requests import PreparedRequest

from billing_providers.errors import (
    BudgetExhausted,
    NoAnswer,
    NotSent,
    RateLimited,
    ServerFault,
    SignInRefused,
    Unreachable,
    UnreadableAnswer,
)
from billing_providers.hooks.http.sign_in import FixedToken, RenewedToken, Token
from tests.support.scripted_http import FrozenTime, Reply, ScriptedServer, client_of, reply


@pytest.mark.parametrize("failure", [reply(status=503), reply(b"<html>sorry</html>"), requests.ReadTimeout("late")])
def test_a_read_is_repeated_with_growing_waits(failure: Reply | Exception) -> None:
    """A read changes nothing, so a passing trouble costs a run only time."""
    time = FrozenTime()
    server = ScriptedServer([failure, failure, reply({"units": 3})])

    assert client_of(server, time).call("GET", "/lines") == {"units": 3}
    assert time.slept == [1.0, 2.0]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (reply(status=500), ServerFault),
        (reply(b"<html>sorry</html>"), UnreadableAnswer),
        (requests.ReadTimeout("late"), NoAnswer),
        (requests.ConnectionError("cut off"), NoAnswer),
    ],
)
def test_a_write_whose_outcome_is_unknown_leaves_once(failure: Reply | Exception, kind: type[Exception]) -> None:
    """Law 7: what may have been applied is never sent again by the client; the journal decides."""
    server = ScriptedServer([failure, reply({})])

    with pytest.raises(kind):
        client_of(server).call("PUT", "/lines/1", json={"units": 3})

    assert len(server.requests) == 1


@pytest.mark.parametrize("failure", [reply(status=429, Retry_After="7"), requests.ConnectTimeout("no way")])
def test_a_write_that_cannot_have_been_applied_is_repeated(failure: Reply | Exception) -> None:
    """429 and a connection that never stood leave nothing behind."""
    server = ScriptedServer([failure, reply({"units": 3})])

    assert client_of(server).call("PUT", "/lines/1", json={"units": 3}) == {"units": 3}


@pytest.mark.parametrize(
    ("headers", "waited_s"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "Tue, 24 Nov 2026 10:00:09 GMT", "Date": "Tue, 24 Nov 2026 10:00:00 GMT"}, 9.0),
        ({"Retry_After": "soon"}, 1.0),
    ],
)
def test_the_wait_that_the_server_asked_for_is_kept(headers: dict[str, str], waited_s: float) -> None:
    """Retry-After counts as seconds or as a date by the server's own clock; nonsense falls back to our own wait."""
    time = FrozenTime()
    server = ScriptedServer([reply(status=429, **headers), reply({})])

    client_of(server, time).call("GET", "/lines")

    assert time.slept == [waited_s]


def test_a_wait_beyond_the_cap_is_not_shortened_but_given_up() -> None:
    """A server that asks for an hour would only refuse again after two minutes."""
    server = ScriptedServer([reply(status=429, Retry_After="3600"), reply({})])

    with pytest.raises(RateLimited) as caught:
        client_of(server).call("GET", "/lines")

    assert (caught.value.retry_after_s, len(server.requests)) == (3600.0, 1)


def test_attempts_end_with_the_count_in_the_message() -> None:
    """A person sees that it was tried, and how often."""
    server = ScriptedServer(lambda request: reply({"error": {"message": "down for maintenance"}}, 503))

    with pytest.raises(ServerFault) as caught:
        client_of(server, attempts_max=3).call("GET", "/lines")

    assert (
        str(caught.value) == "Example PSA GET https://psa.example/lines: HTTP 503: down for maintenance (sent 3 times)"
    )


def test_no_attempt_starts_after_the_total_time() -> None:
    """A call ends in bounded time, however patient the back-off is."""
    server = ScriptedServer(lambda request: reply(status=503))

    with pytest.raises(ServerFault):
        client_of(server, attempts_max=99, backoff_s=8, total_s_max=30).call("GET", "/lines")

    assert len(server.requests) == 3  # after 0, 8 and 24 s; the next would start after 54 s


def test_the_budget_of_an_endpoint_waits_for_the_rolling_hour() -> None:
    """1500 calls per hour and endpoint: each waits for an old one; other endpoints go on."""
    time = FrozenTime()
    client = client_of(ScriptedServer(lambda request: reply({})), time, requests_per_hour=2)

    client.call("GET", "/lines/{line}", values={"line": "1"})
    time.now += 600
    client.call("GET", "/lines/{line}", values={"line": "2"})
    client.call("GET", "/contracts")
    assert time.slept == []
    client.call("GET", "/lines/{line}", values={"line": "3"})
    client.call("GET", "/lines/{line}", values={"line": "4"})

    assert time.slept == [3000.0, 600.0]
    assert client.calls == {"GET /lines/{line}": 4, "GET /contracts": 1}


def test_a_budget_that_stays_used_up_stops_before_sending() -> None:
    """A call that the budget holds back has not left, and says when it could."""
    server = ScriptedServer(lambda request: reply({}))
    client = client_of(server, requests_per_hour=1, budget_wait_s_max=60)
    client.call("GET", "/lines")

    with pytest.raises(BudgetExhausted, match="1 requests per hour is used up, free again in 3600 s"):
        client.call("GET", "/lines")

    assert len(server.requests) == 1


def test_never_more_requests_in_flight_than_allowed() -> None:
    """The cap holds whatever the number of threads; and it is used in full."""
    changed, released = threading.Condition(), threading.Event()
    in_flight = 0

    def answer(request: PreparedRequest) -> Reply:
        nonlocal in_flight
        with changed:
            in_flight += 1
            changed.notify_all()
        released.wait(10)
        return reply({})

    client = client_of(ScriptedServer(answer), requests_in_flight_max=3)
    threads = [threading.Thread(target=client.call, args=("GET", "/lines")) for _ in range(12)]
    for thread in threads:
        thread.start()
    with changed:
        reached = changed.wait_for(lambda: in_flight == 3, timeout=10)
        exceeded = changed.wait_for(lambda: in_flight > 3, timeout=0.2)
    released.set()
    for thread in threads:
        thread.join(20)

    assert (reached, exceeded, client.calls["GET /lines"]) == (True, False, 12)


def test_a_token_is_renewed_before_it_expires() -> None:
    """No request is spent on finding out that a token has run out."""
    time, obtained = FrozenTime(), []

    def obtain(last: Token | None) -> Token:
        obtained.append(last.value if last else None)
        return Token(f"token-{len(obtained)}", lifetime_s=900)

    client = client_of(ScriptedServer(lambda request: reply({})), time)
    client.sign_in = RenewedToken(obtain, clock=lambda: time.now)
    for seconds in (0, 800, 50):
        time.now += seconds
        client.call("GET", "/lines")

    assert obtained == [None, "token-1"]


def test_many_threads_with_a_revoked_token_sign_in_once() -> None:
    """One new token serves all; signing in with every thread could lock the account."""
    tokens = iter(["old", "new", "never"])
    together = threading.Barrier(4, timeout=10)

    def answer(request: PreparedRequest) -> Reply:
        if request.headers["Authorization"] == "Bearer old":
            together.wait()
            return reply(status=401)
        return reply({"seen": request.headers["Authorization"]})

    client = client_of(ScriptedServer(answer), requests_in_flight_max=4)
    client.sign_in = RenewedToken(lambda last: Token(next(tokens), 900), clock=lambda: 0.0)

    seen = client.map(lambda number: client.call("PUT", "/lines", json=number), range(4))

    assert seen == [{"seen": "Bearer new"}] * 4
    assert next(tokens) == "never"


def test_a_second_401_is_an_error() -> None:
    """A fresh token that is refused too will not get better by asking again."""
    server = ScriptedServer(lambda request: reply(status=401))
    client = client_of(server)
    client.sign_in = RenewedToken(lambda last: Token("any", 900), clock=lambda: 0.0)

    with pytest.raises(SignInRefused):
        client.call("GET", "/lines")

    assert len(server.requests) == 2


def test_a_refused_sign_in_is_remembered() -> None:
    """The next call fails at once: a wrong password sent again and again locks the account."""
    tries = []

    def obtain(last: Token | None) -> Token:
        tries.append(last)
        raise SignInRefused("locked")

    client = client_of(ScriptedServer([]))
    client.sign_in = RenewedToken(obtain, clock=lambda: 0.0)
    for _ in range(3):
        with pytest.raises(SignInRefused):
            client.call("GET", "/lines")

    assert len(tries) == 1


def test_a_write_whose_sign_in_got_no_answer_has_not_left() -> None:
    """Law 7: only what may have been applied is read back; a read keeps saying what failed."""

    def lost(last: Token | None) -> Token:
        raise NoAnswer("the sign-in: read timeout")

    server = ScriptedServer([])
    client = client_of(server)
    client.sign_in = RenewedToken(lost, clock=lambda: 0.0)

    with pytest.raises(NotSent, match=r"the sign-in before it failed .the sign-in: read timeout"):
        client.call("PUT", "/lines/1", json={"units": 3})
    with pytest.raises(NoAnswer):
        client.call("GET", "/lines")
    assert server.requests == []


def test_a_write_that_was_refused_and_cannot_be_signed_anew_has_not_been_applied() -> None:
    """401 says that it was not applied; trouble with the next token changes nothing about that."""
    tokens = [Token("tok-1234567", 900.0)]

    def obtain(last: Token | None) -> Token:
        if not tokens:
            raise NoAnswer("the sign-in: read timeout")
        return tokens.pop()

    client = client_of(ScriptedServer([reply({}, 401)]))
    client.sign_in = RenewedToken(obtain, clock=lambda: 0.0)

    with pytest.raises(NotSent):
        client.call("PUT", "/lines/1", json={"units": 3})


def test_no_secret_reaches_an_error_text() -> None:
    """Law 14: neither plain nor encoded, nor a token that we have never seen."""
    password = 'p&ss "wörd"/1'
    echoed = {"message": f"cannot sign in with {password}", "detail": 'Bearer abc.def "accessToken": "xyz987"'}
    server = ScriptedServer([reply(echoed, 400), requests.exceptions.InvalidHeader(f"bad value {password!r}")])
    client = client_of(server)
    client.voice.masker.add(password)
    client.sign_in = FixedToken("tok-1234567")

    texts = []
    for _ in range(2):
        with pytest.raises(Exception) as caught:
            client.call("POST", "/sign-in", form={"Password": password})
        texts.append(f"{caught.value} {getattr(caught.value, 'body', '')} {caught.value.__cause__}")

    assert "cannot sign in with ***" in texts[0]
    for secret in (password, "p%26ss", "abc.def", "xyz987"):
        assert secret not in " ".join(texts)


def test_a_redirect_is_not_followed() -> None:
    """Credentials never travel to another host."""
    server = ScriptedServer([reply(status=302, Location="https://elsewhere.example/"), reply({})])
    client = client_of(server)
    client.sign_in = FixedToken("tok-1234567")

    with pytest.raises(UnreadableAnswer, match="a redirect, which is not followed"):
        client.call("GET", "/lines")

    assert [request.url for request in server.requests] == ["https://psa.example/lines"]


def test_numbers_stay_exact_both_ways() -> None:
    """Law 12: neither what is read nor what is sent passes through a float."""
    server = ScriptedServer([reply(b'{"units": 0.1000000000000000055, "count": 3}')])

    answered = client_of(server).call("PUT", "/lines/1", json={"unitPrice": Decimal("1234567890.123456789")})

    assert answered == {"units": Decimal("0.1000000000000000055"), "count": 3}
    assert server.requests[0].body == b'{"unitPrice":1234567890.123456789}'


@pytest.mark.parametrize("body", [b'{"units": NaN}', b"", b"[" * 100_000])
def test_what_is_no_json_is_no_answer(body: bytes) -> None:
    """Law 3: an answer that cannot be read is never taken for an empty one."""
    with pytest.raises(UnreadableAnswer):
        client_of(ScriptedServer([reply(body)])).call("POST", "/lines")


def test_an_error_names_call_status_and_request_id() -> None:
    """What a person needs to ask the vendor's support."""
    server = ScriptedServer([reply(b"<h1>Bad&nbsp;gateway</h1><p>try later", 502, X_Request_ID="r-17")])

    with pytest.raises(ServerFault) as caught:
        client_of(server).call("POST", "/contracts/{id}", values={"id": "a/b"})

    error = caught.value
    assert (error.status, error.request_id, error.method) == (502, "r-17", "POST")
    assert error.url == "https://psa.example/contracts/a%2Fb"
    assert str(error).endswith("HTTP 502: Bad&nbsp;gateway try later (request id r-17)")


def test_every_request_names_the_product() -> None:
    """A vendor can see who calls."""
    server = ScriptedServer([reply({})])

    client_of(server).call("GET", "/lines", params={"active": True, "page": 1})

    assert server.requests[0].headers["User-Agent"] == "airflow-provider-psa-billing/0.1.0"
    assert server.requests[0].url == "https://psa.example/lines?active=true&page=1"


def test_an_endless_answer_is_cut_off() -> None:
    """A limit on everything: memory too."""
    with pytest.raises(UnreadableAnswer, match="longer than 1000 bytes"):
        client_of(ScriptedServer([reply(b"x" * 200_000)]), answer_bytes_max=1000).call("POST", "/lines")


def test_the_first_failure_of_many_calls_is_raised() -> None:
    """Law 3: one page that cannot be read fails the whole list."""
    client = client_of(ScriptedServer(lambda request: reply({})))

    def work(number: int) -> int:
        if number == 3:
            raise Unreachable("no way")
        return number

    assert client.map(work, range(3)) == [0, 1, 2]
    with pytest.raises(Unreachable):
        client.map(work, range(5))
