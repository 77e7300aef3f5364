"""Whatever a run is given and refuses: the PSA's own audit log stays empty."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from tests.fuzz.tape import Tape
from tests.support.closing import Closing, closing


def _file(setting: str, content: bytes) -> Callable[[Closing, Path, Tape], dict[str, Any]]:
    def change(msp: Closing, folder: Path, tape: Tape) -> dict[str, Any]:
        path = folder / "refused.txt"
        path.write_bytes(content)
        msp.change(**{setting: str(path)})
        return {}

    return change


def _param(**params: Any) -> Callable[[Closing, Path, Tape], dict[str, Any]]:
    return lambda msp, folder, tape: params


def _answer(part: str, spoil: Callable[[bytes], bytes]) -> Callable[[Closing, Path, Tape], dict[str, Any]]:
    def change(msp: Closing, folder: Path, tape: Tape) -> dict[str, Any]:
        tape.spoiled_part, tape.spoil = part, spoil
        return {}

    return change


def _nameless(content: bytes) -> bytes:
    body = json.loads(content)
    rows = next(value for value in body.values() if isinstance(value, list))
    for row in rows[:1]:
        row.update({name: "\0" for name in row if name.casefold() == "customercode"})
    return json.dumps(body).encode()


REFUSED: dict[str, Callable[[Closing, Path, Tape], dict[str, Any]]] = {
    "rules that are no YAML": _file("rules", b"rules: [\n"),
    "rules with an unknown action": _file("rules", b"rules:\n- {name: a, burn: all}\n"),
    "customers with a NUL character": _file("customer_map", b"customer_code,account_code\nASP,A\0\n"),
    "customers with an open quotation mark": _file("customer_map", b'customer_code,account_code\nASP,"A\nFR1,B\n'),
    "services in another encoding": _file("service_map", "sku,service\nä,b\n".encode("utf-16")),
    "line terms with a number without end": _file("line_terms", b"service,mode,places\nS,average_cost," + b"9" * 5000),
    "a period that is none": _param(billing_period="2026-02-30"),
    "a period that is a number": _param(billing_period=0),
    "a filter that is a number": _param(customers=0),
    "a customer with a NUL character": _param(customers=["ASP\0"]),
    "a switch that is a text": _param(failed_only="no"),
    "usage that is half an answer": _answer("/atria/", lambda content: content[: len(content) // 2]),
    "usage that is a web page": _answer("/atria/", lambda content: b"<html>Sign in</html>"),
    "usage with a number that nothing holds": _answer("/atria/", lambda content: b'{"a": 1e9999999999999999999999}'),
    "usage whose first row names nobody": _answer("/atria/", _nameless),
    "a PSA that answers with a list": _answer("/kaseya_bms/", lambda content: b"[]"),
    "a PSA whose answers nest without end": _answer("/kaseya_bms/", lambda content: b"[" * 100_000),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_is_ever_written_from_an_input_that_was_refused(tmp_path: Path, name: str) -> None:
    """A run that cannot trust what it was given stops before its first write, or writes nothing at all."""
    with closing(tmp_path) as msp, Tape(keeps=False).playing() as tape:
        params = {"billing_period": "2026-10-01", **REFUSED[name](msp, tmp_path, tape)}

        run = msp.run("r1", **params)
        with pytest.raises(AirflowException) as stopped:
            run.close()

        assert "KS" in str(stopped.value) or "KS108" in run.codes()  # an extract that is incomplete is told as 108
        assert msp.written() == []


def test_the_same_run_writes_where_nothing_is_refused(tmp_path: Path) -> None:
    """An empty log proves something only where it would not be empty otherwise."""
    with closing(tmp_path) as msp, Tape(keeps=False).playing():
        msp.close(billing_period="2026-10-01")

        assert len(msp.written()) > 50
