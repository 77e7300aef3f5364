"""The connection form offers exactly what the hook reads, for every system of the registry."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import BaseHook

from billing_providers.errors import RequestError, SecretsError, SettingsError
from billing_providers.hooks.connections import ConnectionFields
from billing_providers.hooks.http.repeats import Limits
from billing_providers.model.periods import BillingPeriod
from billing_providers.registry import SYSTEMS, System
from tests.support.connections import set_connection
from tests.support.scripted_http import ScriptedServer, reply

WITH_FORM = [system for system in SYSTEMS.values() if system.conn_type and not system.foreign_form]


class RecordingExtra(dict[str, Any]):
    """The extra of a connection, which keeps the keys that somebody looks at."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.read.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return super().__getitem__(key)


def everything_read(system: System, monkeypatch: pytest.MonkeyPatch) -> tuple[set[str], set[str]]:
    """Return the standard fields and the extra keys that a hook reads from its connection."""
    extra = RecordingExtra({field.key: "x" for field in system.fields if field.required})
    fields: set[str] = set()

    class Connection(SimpleNamespace):
        def __getattribute__(self, name: str) -> Any:
            if name in {"host", "login", "password", "extra_dejson"}:
                fields.add(name)
            return super().__getattribute__(name)

    connection = Connection(
        host="http://127.0.0.1:1",
        login="user",
        password="secret-1",
        schema="",
        port=None,
        extra=json.dumps(extra),
        extra_dejson=extra,
    )
    monkeypatch.setattr(BaseHook, "get_connection", lambda conn_id: connection)
    hook = system.hook_class()(system.default_conn_id, limits=Limits(attempts_max=1))
    monkeypatch.setattr(hook.client.session, "send", _answers_anything)
    hook.test_connection()
    if system.role == "psa":
        hook.capabilities()
    else:
        with suppress(RequestError):  # the fields were read, whatever this answer is to the hook
            hook.read_usage(BillingPeriod(date(2026, 10, 1), date(2026, 11, 1)))
    return fields - {"extra_dejson"}, extra.read


@pytest.mark.parametrize("system", WITH_FORM, ids=lambda system: system.key)
def test_the_hook_reads_exactly_what_the_form_offers(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """No field is asked for in vain, and none is needed that cannot be filled in."""
    fields, keys = everything_read(system, monkeypatch)

    assert keys == {field.key for field in system.fields}
    offered = {"host"}
    offered |= {"login"} if system.login_label else set()
    offered |= {"password"} if system.password_label else set()
    assert fields == offered


@pytest.mark.parametrize("system", WITH_FORM, ids=lambda system: system.key)
def test_making_a_hook_reads_nothing(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsing a DAG that makes a hook costs no look-up and no request."""
    monkeypatch.setattr(BaseHook, "get_connection", lambda conn_id: pytest.fail("the connection was read"))

    hook_class = system.hook_class()
    hook_class()

    assert hook_class.conn_type == system.conn_type
    assert hook_class.hook_name == system.name
    assert hook_class.default_conn_name == system.default_conn_id


@pytest.mark.parametrize("system", WITH_FORM, ids=lambda system: system.key)
def test_a_missing_connection_is_code_16(system: System) -> None:
    """KS16 names the connection that is to be created."""
    hook = system.hook_class()("no_such_connection")

    assert hook.test_connection()[0] is False
    with pytest.raises(SecretsError, match="no_such_connection") as caught:
        _ = hook.client
    assert caught.value.finding_number == 16


@pytest.mark.parametrize("system", WITH_FORM, ids=lambda system: system.key)
def test_every_required_field_is_named_when_it_is_empty(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """KS20 for the host, KS21 for everything else; the values of the other fields are not repeated."""
    whole = {"host": "http://127.0.0.1:1", "login": "user-77", "password": "secret-77"}
    extra = {field.key: "value-77" for field in system.fields if field.required}
    needed = [] if system.host_default else [("host", "api url is not available", 20)]
    needed += [("login", system.login_label, 21)] if system.login_label else []
    needed += [("password", system.password_label, 21)] if system.password_label else []
    needed += [(field.key, field.label, 21) for field in system.fields if field.required]

    for key, named, number in needed:
        fields = {**whole, "extra": {name: value for name, value in extra.items() if name != key}}
        fields |= {key: " "} if key in whole else {}
        set_connection(monkeypatch, "incomplete", **fields)
        with pytest.raises(SettingsError, match=named) as caught:
            _ = system.hook_class()("incomplete").client

        assert (caught.value.finding_number, "-77" in str(caught.value)) == (number, False)


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "api.example.com"}, "https://api.example.com"),
        ({"host": "127.0.0.1", "schema": "http", "port": 8080}, "http://127.0.0.1:8080"),
        ({"host": "http://sandbox:8080/bms", "extra": {"allow_http": "true"}}, "http://sandbox:8080/bms"),
    ],
)
def test_the_host_may_be_split_as_airflow_does(
    fields: dict[str, Any], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection given as a URI has its scheme and port in fields of their own."""
    set_connection(monkeypatch, "split", **fields)

    assert ConnectionFields("kaseya_bms", "split").base_url() == url


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ({"add_line": "perhaps"}, "add_line: is no switch; got 'perhaps'; allowed: true or false"),
        ({"line_api": "{"}, "line_api: is not JSON"),
        ({"line_api": "[1]"}, "line_api: is no JSON object"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_allowed(
    extra: dict[str, Any], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every setting error names the place, the key, the value and what is allowed."""
    set_connection(monkeypatch, "wrong", extra=extra)
    fields = ConnectionFields("kaseya_bms", "wrong")

    with pytest.raises(SettingsError) as caught:
        fields.flag("add_line")
        fields.json_object("line_api")

    assert str(caught.value).startswith(f"connection wrong: {problem}")


@pytest.mark.parametrize("extra", ["{'tenant': 'acme'}", "[1]", '"acme"'])
def test_an_extra_that_is_no_object_is_named_and_not_shown(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow takes an extra that is no JSON for empty: the tenant would be planned for as if nothing were set."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_BROKEN", json.dumps({"conn_type": "kaseya_bms", "host": "api.example.com", "extra": extra})
    )

    with pytest.raises(SettingsError) as caught:
        ConnectionFields("kaseya_bms", "broken")

    assert str(caught.value).startswith("connection broken: extra: is no JSON object; allowed: ")
    assert "acme" not in str(caught.value)


def _answers_anything(request: Any, **_: Any) -> Any:
    token = {"accessToken": "tok-1234567", "access_token": "tok-1234567", "fullName": "Ann"}
    authenticated = "/security/" in request.url
    body = {"success": True, **token, "result": token if authenticated else [], "totalRecords": 0, "items": []}
    return ScriptedServer([reply(body)]).send(request)
