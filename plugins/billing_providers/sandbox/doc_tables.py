"""Tables of the docs page, from the code: ``python -m billing_providers.sandbox.doc_tables docs/sandbox.md``."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from inspect import signature
from pathlib import Path

from billing_providers.sandbox.atria.report import HEADERS
from billing_providers.sandbox.atria.routes import WIRE_NAMES
from billing_providers.sandbox.autotask.choices import AT_CHOICES
from billing_providers.sandbox.autotask.routes import api_routes as at_routes
from billing_providers.sandbox.connectwise.choices import CHOICES as CW_CHOICES
from billing_providers.sandbox.connectwise.spec import specification as cw_specification
from billing_providers.sandbox.control.routes import OPERATIONS, PREFIX
from billing_providers.sandbox.core.faults import FAULT_SETTINGS
from billing_providers.sandbox.core.sandbox import SandboxSettings
from billing_providers.sandbox.credentials import AT_USERS, BMS_USERS, CW_MEMBERS, DATTO_USERS
from billing_providers.sandbox.datto_rmm.choices import CHOICES as DRMM_CHOICES
from billing_providers.sandbox.datto_rmm.spec import description as drmm_description
from billing_providers.sandbox.kaseya_bms.choices import CHOICES
from billing_providers.sandbox.kaseya_bms.spec import specification
from billing_providers.sandbox.modules_file.shapes import SHAPES as METRICS_SHAPES
from billing_providers.sandbox.modules_file.troubles import WORDS as METRICS_WORDS
from billing_providers.sandbox.msp360.choices import CHOICES as MBS_CHOICES
from billing_providers.sandbox.rcloud.shapes import SHAPES
from billing_providers.sandbox.rcloud.troubles import WORDS
from billing_providers.sandbox.sherweb.choices import CHOICES as SHERWEB_CHOICES
from billing_providers.sandbox.sherweb.routes import api_routes as sherweb_routes
from billing_providers.sandbox.sherweb.troubles import WORDS as SHERWEB_WORDS
from billing_providers.sandbox.sherweb_file.shapes import SHAPES as INVOICE_SHAPES
from billing_providers.sandbox.sherweb_file.troubles import WORDS as INVOICE_WORDS
from billing_providers.sandbox.world import World, build_world
from billing_providers.sandbox.world.modules.billing_types import BILLING_TYPES

_PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refreshed(text: str) -> str:
    """Return a page with every marked table as the code has it now.

    :raises KeyError: for a mark that names no table.
    """
    made = tables()
    return _PLACE.sub(lambda mark: f"{mark[1]}{made[mark[2]]}\n{mark[3]}", text)


def tables() -> dict[str, str]:
    """Return all tables by name."""
    world = build_world()
    cases, resale_cases = world.cases.values(), world.resale.cases.values()
    apart = _module_tables(world) | _sherweb_tables(world)
    return apart | {
        "operations": _table(("method", "path"), (map(_code, entry) for entry in specification().operations())),
        "choices": _table(("question", "answer of the sandbox", "mark"), CHOICES),
        "cw_operations": _table(("method", "path"), (map(_code, entry) for entry in cw_specification().operations())),
        "cw_choices": _table(("question", "answer of the sandbox", "mark"), CW_CHOICES),
        "cw_members": _table(
            ("API member", "public key", "rights"),
            ((_code(one.name), _code(one.public_key), ", ".join(sorted(one.rights))) for one in CW_MEMBERS),
        ),
        "at_operations": _table(
            ("method", "path"),
            (map(_code, entry) for entry in sorted({(one.method, one.template) for one in at_routes()})),
        ),
        "at_choices": _table(("question", "answer of the sandbox", "mark"), AT_CHOICES),
        "at_users": _table(
            ("API user", "sees contracts", "adjusts", "reads costs", "stock level"),
            (
                (_code(user.name), *map(_yes, (user.sees_contracts, user.adjusts, user.reads_costs, user.stock)))
                for user in AT_USERS
            ),
        ),
        "mbs_choices": _table(("question", "answer of the sandbox", "mark"), MBS_CHOICES),
        "resale_cases": _table(
            ("name", "customer", "product", "what"),
            ((_code(case.name), case.customer_code, case.sku, case.what) for case in resale_cases),
        ),
        "rcloud_shapes": _table(("shape", "form"), ((_code(name), shape.words) for name, shape in SHAPES.items())),
        "rcloud_troubles": _table(
            ("trouble", "what is wrong"), ((_code(name), words) for name, words in WORDS.items())
        ),
        "cases": _table(
            ("name", "customer", "SKU", "what"),
            ((_code(case.name), case.customer_code, case.sku, case.what) for case in cases),
        ),
        "faults": _table(
            ("kind", "settings and defaults"),
            (
                (_code(kind), ", ".join(f"`{name}` = {default!r}" for name, default in settings.items()))
                for kind, settings in FAULT_SETTINGS.items()
            ),
        ),
        "settings": _table(
            ("setting", "default"),
            ((_code(entry.name), _code(repr(entry.default))) for entry in fields(SandboxSettings)),
        ),
        "users": _table(
            ("user", "rights", "MFA", "locked", "SSO"),
            (
                (_code(user.name), ", ".join(sorted(user.rights)), *map(_yes, (user.mfa_code, user.locked, user.sso)))
                for user in BMS_USERS
            ),
        ),
        "atria_fields": _table(
            ("JSON", "exported report"),
            ((_code(name), header) for name, header in zip(WIRE_NAMES.values(), HEADERS, strict=True)),
        ),
        "control": _table(
            ("call", "Python", "what"),
            (
                (_code(f"{method} {PREFIX}{path}"), _code(_signature(operation)), _first_line(operation))
                for (method, path), operation in OPERATIONS.items()
            ),
        ),
    }


def _module_tables(world: World) -> dict[str, str]:
    return {
        "module_cases": _table(
            ("name", "customer", "service or module", "what"),
            ((_code(case.name), case.customer_code, case.sku, case.what) for case in world.modules.cases.values()),
        ),
        "billing_types": _table(
            ("module", "billing type", "service"),
            ((entry.module, entry.name, entry.service) for entry in BILLING_TYPES),
        ),
        "ignored": _table(
            ("module", "billing type", "customer", "why"),
            ((one.module, one.billing_type, one.customer_code or "all", one.reason) for one in world.modules.ignored),
        ),
        "drmm_operations": _table(("method", "path"), (map(_code, entry) for entry in drmm_description().operations())),
        "drmm_choices": _table(("question", "answer of the sandbox", "mark"), DRMM_CHOICES),
        "drmm_users": _table(
            ("API user", "API key", "rights"),
            ((_code(user.name), _code(user.api_key), ", ".join(sorted(user.rights))) for user in DATTO_USERS),
        ),
        "metrics_shapes": _table(
            ("shape", "form"), ((_code(name), shape.words) for name, shape in METRICS_SHAPES.items())
        ),
        "metrics_troubles": _table(
            ("trouble", "what is wrong"), ((_code(name), words) for name, words in METRICS_WORDS.items())
        ),
    }


def _sherweb_tables(world: World) -> dict[str, str]:
    return {
        "sherweb_operations": _table(("method", "path"), (map(_code, entry) for entry in sherweb_routes())),
        "sherweb_choices": _table(("question", "answer of the sandbox", "mark"), SHERWEB_CHOICES),
        "sherweb_troubles": _table(
            ("trouble", "what is wrong"), ((_code(name), words) for name, words in SHERWEB_WORDS.items())
        ),
        "sherweb_cases": _table(
            ("name", "customer", "offer", "what"),
            ((_code(case.name), case.customer_code, case.sku, case.what) for case in world.sherweb.cases.values()),
        ),
        "sherweb_offers": _table(
            ("offer", "SKU", "paid", "counted", "list price", "service"),
            (
                (
                    entry.key,
                    _code(entry.sku),
                    entry.cycle.value,
                    entry.counted.value,
                    str(entry.list_price),
                    entry.service,
                )
                for entry in world.sherweb.book.offers.values()
            ),
        ),
        "invoice_shapes": _table(
            ("shape", "form"), ((_code(name), shape.words) for name, shape in INVOICE_SHAPES.items())
        ),
        "invoice_troubles": _table(
            ("trouble", "what is wrong"), ((_code(name), words) for name, words in INVOICE_WORDS.items())
        ),
    }


def _signature(operation: Callable[..., object]) -> str:
    parameters = list(signature(operation).parameters.values())[1:]
    return f"{operation.__name__}({', '.join(str(parameter).partition(':')[0] for parameter in parameters)})"


def _first_line(operation: Callable[..., object]) -> str:
    return (operation.__doc__ or "").partition("\n")[0].replace("``", "`")


def _code(text: str) -> str:
    return f"`{text}`"


def _yes(value: object) -> str:
    return "yes" if value else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head)]
    lines.append(["---"] * len(lines[0]))
    lines += [list(row) for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
