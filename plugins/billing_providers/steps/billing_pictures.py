"""Draws charts of billing items as PNG, for whoever closes the month.

matplotlib is used through its objects alone: no window system, and no state that other threads see. The colours are
from the set of Okabe and Ito, which people with colour blindness tell apart; what is pending since earlier periods is
hatched as well.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.engine.billing_charts import OLDER, PENDING, POSTED, Chart, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI, _WIDTH_IN, _HEAD_IN = 150, 10.0, 1.0
_LABEL_MAX = 46
_GREY = "#555555"
_LOOKS: dict[str, dict[str, Any]] = {
    POSTED: {"color": "#0072B2"},
    PENDING: {"color": "#E69F00"},
    OLDER: {"facecolor": "#F7E3B0", "edgecolor": "#8A6100", "hatch": "////"},
}


def drawn(chart: Chart) -> bytes:
    """Return the picture of a chart as PNG; one without labels says that there is nothing to show.

    :raises ImportError: without matplotlib.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    height = _height_in(chart)
    below_head = ConstrainedLayoutEngine(rect=(0.01, 0.01, 0.98, 0.98 - _HEAD_IN / height))
    figure = Figure(figsize=(_WIDTH_IN, height), dpi=_DPI, facecolor="white", layout=below_head)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    if not chart.labels:
        axes.axis("off")
        words = "Nothing to show: there are no such items with an amount."
        axes.text(0.5, 0.5, words, ha="center", va="center", color=_GREY, fontsize=12)
    elif chart.upright:
        _standing(axes, chart)
    else:
        _lying(axes, chart)
    _headed(figure, axes, chart)
    image = io.BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()


def _height_in(chart: Chart) -> float:
    if chart.upright or not chart.labels:
        return _HEAD_IN + 4.2
    return _HEAD_IN + 0.7 + len(chart.labels) * (0.19 + 0.2 * len(chart.series))


def _headed(figure: Figure, axes: Axes, chart: Chart) -> None:
    inch = 1 / figure.get_figheight()
    unit = f"amounts in {chart.currency}" if chart.currency else "amounts as the PSA holds them"
    figure.text(0.015, 1 - 0.14 * inch, chart.title, va="top", fontsize=14, fontweight="bold", parse_math=False)
    told = f"{chart.subtitle}; {unit}, without tax"
    figure.text(0.015, 1 - 0.44 * inch, told, va="top", fontsize=9.5, color=_GREY, parse_math=False)
    if chart.labels:
        handles, names = axes.get_legend_handles_labels()
        figure.legend(
            handles, names, loc="upper left", bbox_to_anchor=(0.007, 1 - 0.62 * inch), ncols=3, frameon=False,
            fontsize=9.5,
        )  # fmt: skip


def _places(chart: Chart) -> Iterator[tuple[Series, list[float], list[float], float]]:
    """Yield each series with the places and lengths of its bars, and how thick they are."""
    count = len(chart.series)
    thick = 0.82 / count
    for number, series in enumerate(chart.series):
        shift = (number - (count - 1) / 2) * thick
        lengths = [float(value) for value in series.values]  # for the eye; no amount is taken from here
        yield series, [place + shift for place in range(len(chart.labels))], lengths, thick * 0.94


def _lying(axes: Axes, chart: Chart) -> None:
    for series, places, lengths, thick in _places(chart):
        bars = axes.barh(places, lengths, height=thick, label=series.name, linewidth=0.5, **_LOOKS[series.name])
        axes.bar_label(bars, [_amount(value) for value in series.values], padding=3, fontsize=8.5)
    axes.set_yticks(range(len(chart.labels)), [_shortened(label) for label in chart.labels], fontsize=9.5)
    axes.set_ylim(len(chart.labels) - 0.4, -0.6)
    axes.margins(x=0.14)
    axes.xaxis.set_major_formatter(_thousands)
    axes.grid(axis="x", color="#dddddd", linewidth=0.7)
    _finished(axes, "left")


def _standing(axes: Axes, chart: Chart) -> None:
    crowded = len(chart.labels) > 6
    for series, places, lengths, thick in _places(chart):
        bars = axes.bar(places, lengths, width=thick, label=series.name, linewidth=0.5, **_LOOKS[series.name])
        told = [_amount(value, whole=True) for value in series.values]
        axes.bar_label(bars, told, padding=3, fontsize=7 if crowded else 9, rotation=90 if crowded else 0)
    axes.set_xticks(range(len(chart.labels)), list(chart.labels), fontsize=8.5 if crowded else 9.5)
    axes.set_xlim(-0.7, max(len(chart.labels), 3) - 0.3)
    axes.margins(y=0.2 if crowded else 0.1)
    axes.yaxis.set_major_formatter(_thousands)
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    _finished(axes, "bottom")


def _finished(axes: Axes, kept: str) -> None:
    axes.set_axisbelow(True)
    for side in axes.spines:
        axes.spines[side].set_visible(side == kept)
    axes.tick_params(length=0)
    for label in (*axes.get_yticklabels(), *axes.get_xticklabels()):
        label.set_parse_math(False)  # names may hold dollar signs


def _thousands(value: float, _position: float) -> str:
    return f"{value:,.0f}"


def _amount(value: Decimal, *, whole: bool = False) -> str:
    if not value:
        return ""
    return f"{value:,.0f}" if whole else f"{value:,.2f}"


def _shortened(label: str) -> str:
    return label if len(label) <= _LABEL_MAX else f"{label[: _LABEL_MAX - 1].rstrip()}…"
