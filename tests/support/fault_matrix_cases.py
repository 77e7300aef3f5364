"""Which faults are tried where: every kind of the sandbox, in every way that a client can tell apart.

CI tries a sample by seed (``BILLING_SEED``): every kind at every class of calls. With ``BILLING_SOAK_SEEDS=n`` each way
of each kind is tried at each call of a run, at ``n`` places.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from billing_providers.registry import SYSTEMS
from billing_providers.sandbox.core.faults import FaultKind
from tests.support.closing import shipped_integrations, shipped_settings
from tests.support.fault_matrix import Bench, Call
from tests.support.fault_matrix_time import SILENCE_S

ALWAYS = 0  # the fault stays until somebody takes it away
LATE_S = SILENCE_S * 1.6
PSAS = tuple(key for key, entry in SYSTEMS.items() if entry.role == "psa")

#: Settings of each kind.
WAYS: dict[FaultKind, list[dict[str, Any]]] = {
    FaultKind.STATUS: [
        *({"status": status} for status in (302, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504)),
        {"status": 429, "retry_after_s": 7},
        {"status": 429, "retry_after_s": 7, "retry_after_as": "date"},
        {"status": 503, "retry_after_s": 86400},
        {"status": 500, "applied": True},
        {"status": 502, "applied": True},
    ],
    FaultKind.HTML: [{}, {"applied": True}, {"status": 503}],
    FaultKind.SUCCESS_FALSE: [{}, {"applied": True}],
    FaultKind.REVOKE_TOKEN: [{}, {"refresh_too": True}],
    FaultKind.DRIFT: [{"delta": 7}],
    FaultKind.DROP_BEFORE: [{}],
    FaultKind.REFUSE_CONNECTION: [{"seconds": 0.03}, {"seconds": 60.0}],
    FaultKind.DROP_AFTER: [{}],
    FaultKind.TRUNCATE: [{"how": "length"}, {"how": "json"}],
    FaultKind.SLOW: [{"seconds": LATE_S}, {"seconds": LATE_S, "before": True}],
    FaultKind.WRONG_TOTAL: [{"by": 5}, {"by": -1}],
    FaultKind.SHORT_PAGE: [{"by": 1}, {"by": 10**6}],
    FaultKind.READBACK_LIE: [{"delta": 1}, {"delta": -1}],
}
#: Kinds that, repeated, are no longer a fault but another world: a hand on each line, a PSA that always lies.
ONCE_ONLY = frozenset({FaultKind.DRIFT, FaultKind.READBACK_LIE, FaultKind.SLOW, FaultKind.REFUSE_CONNECTION})

#: Classes of calls, by what they are to a close.
CLASSES: dict[str, Callable[[Call], bool]] = {
    "source": lambda call: call.system not in PSAS,
    "plan": lambda call: call.system in PSAS and call.step == "map_and_diff",
    "before writing": lambda call: call.step == "push" and not call.writes,
    "write": lambda call: call.step == "push" and call.writes,
    "read back": lambda call: call.step == "verify",
    "billing items": lambda call: call.step == "collect",
}


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault at one call: the ``nth`` of its step, ``count`` times from there on."""

    call: Call
    kind: FaultKind
    settings: tuple[tuple[str, Any], ...]
    nth: int
    count: int

    def __str__(self) -> str:
        way = ", ".join(f"{name}={value}" for name, value in self.settings)
        often = "from" if self.count == ALWAYS else "at"
        return f"{self.call.step} {self.call.endpoint}: {self.kind}({way}) {often} call {self.nth} of {self.call.times}"

    def add_to(self, bench: Bench) -> None:
        """Plan it in the sandbox."""
        settings = dict(self.settings)
        if self.kind is FaultKind.DRIFT:
            settings["line_id"] = drifting_line(bench, self)
        where = {"system": self.call.system, "endpoint": self.call.endpoint}
        bench.box.control.add_fault(self.kind, nth=self.nth, count=self.count, **where, **settings)


def drifting_line(bench: Bench, fault: Planned) -> str:
    """Return the line that a hand edits: the one that the fault names, else one that the close is to change."""
    if named := dict(fault.settings).get("line_id"):
        return str(named)
    lines = sorted({row[0] for row in bench.clean.rows})
    return lines[fault.nth % len(lines)]


def singles(bench: Bench, wanted: str, kind: FaultKind) -> list[Planned]:
    """Return the faults of one kind that are tried at a class of calls, one at a time."""
    calls = [call for call in bench.clean.calls if CLASSES[wanted](call)]
    assert calls, f"a clean close of {bench.integration} makes no call of class {wanted!r}"
    chance = random.Random(f"{seed()}/{bench.integration}/{wanted}/{kind}")
    if not soak_seeds():
        return [_one(chance.choice(calls), kind, chance)]
    return [
        planned
        for call in calls
        for settings, count in _ways(kind)
        for planned in _places(call, kind, settings, count, chance)
    ]


def combination(bench: Bench, chance: random.Random) -> list[Planned]:
    """Return two to four faults of different calls; at most one of them a hand or a lie."""
    calls = chance.sample(bench.clean.calls, chance.randint(2, 4))
    kinds = [kind for kind in FaultKind if kind not in {FaultKind.DRIFT, FaultKind.READBACK_LIE}]
    return [_one(call, chance.choice(kinds), chance) for call in calls]


def integrations_with_http_sources() -> list[str]:
    """Return the shipped integrations whose source is an API: all but those that read a file alone."""
    return [name for name in shipped_integrations() if "url" not in shipped_settings(name).source_options]


def integration_of(psa: str) -> str:
    """Return the shipped integration with which this session tries a PSA; a soak is not asked this."""
    names = [name for name in shipped_integrations() if shipped_settings(name).psa == psa]
    return random.Random(f"{seed()}/{psa}").choice(names)


def integrations_to_try() -> list[str]:
    """Return one integration for each PSA, or all in a soak."""
    return shipped_integrations() if soak_seeds() else [integration_of(psa) for psa in PSAS]


def kinds_at(wanted: str) -> list[FaultKind]:
    """Return the kinds that make sense at a class of calls: hands edit lines of a PSA only."""
    return [kind for kind in FaultKind if not (kind is FaultKind.DRIFT and wanted == "source")]


def soak_seeds() -> int:
    """Return how many seeds a soak asks for; 0: the sample of CI."""
    return int(os.environ.get("BILLING_SOAK_SEEDS") or 0)


def seed() -> int:
    """Return the seed of this session's sample."""
    return int(os.environ.get("BILLING_SEED") or 20261129)


def _ways(kind: FaultKind) -> Iterator[tuple[dict[str, Any], int]]:
    for settings in WAYS[kind]:
        yield settings, 1
        if kind not in ONCE_ONLY:
            yield settings, ALWAYS


def _one(call: Call, kind: FaultKind, chance: random.Random) -> Planned:
    settings, count = chance.choice(list(_ways(kind)))
    return Planned(call, kind, tuple(sorted(settings.items())), chance.randint(1, call.times), count)


def _places(
    call: Call, kind: FaultKind, settings: dict[str, Any], count: int, chance: random.Random
) -> Iterator[Planned]:
    for nth in sorted(chance.sample(range(1, call.times + 1), min(call.times, soak_seeds()))):
        yield Planned(call, kind, tuple(sorted(settings.items())), nth, count)
