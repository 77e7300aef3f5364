"""What the pictures of the dashboard show: labels and amounts, ready to be drawn or printed as a table."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from billing_providers.engine.billing_charts import PENDING, POSTED, Chart, Series
from billing_providers.model.dashboard import GroupTotals, ItemTotals, PeriodTotals

NOW, EARLIER = "this period", "the period before"
GROUPS_MAX = 14
_NAMELESS = "(not told)"
_ZERO = Decimal(0)


def groups_chart(title: str, subtitle: str, groups: Sequence[GroupTotals], of: int) -> Chart:
    """Return amounts by group, beside those of the period before where there is one.

    :param groups: in the order in which they are shown, at most :data:`GROUPS_MAX`.
    :param of: how many groups there are in all.
    """
    shown = groups[:GROUPS_MAX]
    series = [Series(NOW, tuple(one.after for one in shown))]
    if any(one.earlier is not None for one in shown):
        series.append(Series(EARLIER, tuple(one.earlier or _ZERO for one in shown)))
    return Chart(
        name="groups",
        title=title,
        subtitle=subtitle,
        currency="",
        labels=tuple(one.label or one.group_key or _NAMELESS for one in shown),
        series=tuple(series),
        note=_note(len(shown), of, sum(one.unpriced for one in shown)),
    )


def trend_chart(subtitle: str, periods: Sequence[PeriodTotals]) -> Chart:
    """Return the amounts of periods over time.

    :param periods: the newest first.
    """
    shown = list(reversed(periods))
    return Chart(
        name="trend",
        title="What a period comes to, over time",
        subtitle=subtitle,
        currency="",
        labels=tuple(one.period_start.isoformat() for one in shown),
        series=(Series(NOW, tuple(one.after for one in shown)),),
        upright=True,
        note=_note(len(shown), len(shown), sum(one.unpriced for one in shown)),
    )


def items_chart(title: str, subtitle: str, items: Sequence[ItemTotals], currency: str, of: int) -> Chart:
    """Return what is pending against what is posted, in one currency.

    :param of: how many groups there are in all.
    """
    shown = [one for one in items if one.currency == currency][:GROUPS_MAX]
    return Chart(
        name="items",
        title=title,
        subtitle=subtitle,
        currency=currency,
        labels=tuple(one.label or one.group_key or _NAMELESS for one in shown),
        series=(
            Series(POSTED, tuple(one.posted or _ZERO for one in shown)),
            Series(PENDING, tuple(one.pending or _ZERO for one in shown)),
        ),
        note=_note(len(shown), of, sum(one.unpriced for one in shown)),
    )


def _note(shown: int, of: int, unpriced: int) -> str:
    told = [f"{of - shown} more are not shown"] if of > shown else []
    told += [f"{unpriced} without a known amount are not in the sums"] if unpriced else []
    return "; ".join(told)
