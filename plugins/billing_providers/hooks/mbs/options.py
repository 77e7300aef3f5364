"""What a person picks: metrics, the size of a gigabyte, and how finely usage is told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from billing_providers.errors import SettingsError
from billing_providers.hooks.near_words import did_you_mean

METRICS = ("used_space", "average_space", "restore_volume", "computers", "licenses", "plan", "total")
GIGABYTES = {"binary": 2**30, "decimal": 10**9}
LEVELS = ("company", "user", "computer")

_FROM_DETAILS = frozenset({"used_space", "computers"})
_WHERE = "MSP360, source_options"


@dataclass(frozen=True, slots=True)
class Options:
    """Checked options of the hook.

    :param metrics: some of :data:`METRICS`, each at most once.
    :param gigabyte: ``binary`` (2^30 bytes) or ``decimal`` (10^9 bytes).
    :param level: what ``item_id`` says: nothing, the user, or the computer where MSP360 tells it.
    :raises SettingsError: for anything else, with a near name.
    """

    metrics: tuple[str, ...]
    gigabyte: str
    level: str

    def __post_init__(self) -> None:
        for metric in self.metrics:
            _check(metric, METRICS, "metrics")
            if self.metrics.count(metric) > 1:
                raise SettingsError("is named twice", where=_WHERE, key="metrics", value=metric)
        if not self.metrics:
            raise SettingsError("nothing would be read", where=_WHERE, key="metrics", allowed=", ".join(METRICS))
        _check(self.gigabyte, tuple(GIGABYTES), "gigabyte")
        _check(self.level, LEVELS, "level")

    @property
    def gigabyte_bytes(self) -> int:
        """How many bytes make one gigabyte."""
        return GIGABYTES[self.gigabyte]

    @property
    def needs_billing(self) -> bool:
        """Whether the month's billing is read."""
        return self.metrics != ("licenses",)

    @property
    def needs_details(self) -> bool:
        """Whether each billed user is asked for."""
        return not _FROM_DETAILS.isdisjoint(self.metrics)


def options_of(metrics: Sequence[str], gigabyte: str, level: str) -> Options:
    """Return checked options.

    :raises SettingsError: for metrics that are no list of texts, and as :class:`Options` says.
    """
    if isinstance(metrics, str) or not isinstance(metrics, Sequence):
        raise SettingsError("is no list", where=_WHERE, key="metrics", value=metrics, allowed=", ".join(METRICS))
    return Options(tuple(metrics), gigabyte, level)


def _check(value: object, allowed: tuple[str, ...], key: str) -> None:
    if value in allowed:
        return
    problem = f"unknown{did_you_mean(value, allowed)}"
    raise SettingsError(problem, where=_WHERE, key=key, value=value, allowed=", ".join(allowed))
