"""Draws charts of amounts as PNG or SVG, for whoever closes the month.

matplotlib is used through its objects alone: no window system, and no state that other threads see. The colours are
from the set of Okabe and Ito, which people with colour blindness tell apart; what is of earlier periods is hatched as
well.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.engine.billing_charts import OLDER, PENDING, POSTED, Chart, Series
from billing_providers.engine.dashboard_charts import EARLIER, NOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Locator

_DPI, _WIDTH_IN, _HEAD_IN, _FOOT_IN = 150, 10.0, 1.0, 0.3
_LABEL_MAX = 46
_GREY = "#555555"
_LOOKS: dict[str, dict[str, Any]] = {
    POSTED: {"color": "#0072B2"},
    PENDING: {"color": "#E69F00"},
    NOW: {"color": "#0072B2"},
    EARLIER: {"facecolor": "#CFE6F5", "edgecolor": "#0072B2", "hatch": "...."},
    OLDER: {"facecolor": "#F7E3B0", "edgecolor": "#8A6100", "hatch": "////"},
}


def drawn(chart: Chart, form: str = "png") -> bytes:
    """Return the picture of a chart; one without labels says that there is nothing to show.

    :param form: ``png`` or ``svg``.
    :raises ImportError: without matplotlib.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    height = _height_in(chart)
    below_head = ConstrainedLayoutEngine(rect=(0.01, _FOOT_IN / height, 0.98, 1 - (_HEAD_IN + _FOOT_IN) / height))
    figure = Figure(figsize=(_WIDTH_IN, height), dpi=_DPI, facecolor="white", layout=below_head)
    FigureCanvasAgg(figure)
    if not chart.labels:
        _nothing(figure)
    elif chart.upright:
        _standing(figure, chart)
    else:
        _lying(figure, chart)
    _headed(figure, chart)
    image = io.BytesIO()
    figure.savefig(image, format=form)
    return image.getvalue()


def _height_in(chart: Chart) -> float:
    bars = 3.6 if chart.upright or not chart.labels else 0.5 + len(chart.labels) * 0.52
    return _HEAD_IN + bars + _FOOT_IN


def _headed(figure: Figure, chart: Chart) -> None:
    """Write title, subtitle and legend above the bars, and the note below them."""
    inch = 1 / figure.get_figheight()
    unit = f"amounts in {chart.currency}" if chart.currency else "amounts as the PSA holds them"
    figure.text(0.015, 1 - 0.14 * inch, chart.title, va="top", fontsize=14, fontweight="bold", parse_math=False)
    told = f"{chart.subtitle}; {unit}, without tax"
    figure.text(0.015, 1 - 0.44 * inch, told, va="top", fontsize=9.5, color=_GREY, parse_math=False)
    figure.text(0.015, 0.1 * inch, chart.note, va="bottom", fontsize=9, color=_GREY, parse_math=False)
    named = [axes.get_legend_handles_labels() for axes in figure.axes]
    handles = [handle for handles, _ in named for handle in handles]
    if handles:
        place = (0.007, 1 - 0.62 * inch)
        figure.legend(handles=handles, loc="upper left", bbox_to_anchor=place, ncols=3, frameon=False, fontsize=9.5)


def _nothing(figure: Figure) -> None:
    axes = figure.add_subplot()
    axes.axis("off")
    words = "Nothing to show: there are no such items with an amount."
    axes.text(0.5, 0.5, words, ha="center", va="center", color=_GREY, fontsize=12)


def _lying(figure: Figure, chart: Chart) -> None:
    """Draw bars to the right; what waits since earlier periods stands apart, on a scale of its own."""
    older = [series for series in chart.series if series.name == OLDER]
    parts = [[series for series in chart.series if series.name != OLDER], *([older] if older else [])]
    spread = {"width_ratios": [3, 2]} if older else None
    row = figure.subplots(1, len(parts), sharey=True, squeeze=False, gridspec_kw=spread)[0]
    for axes, part in zip(row, parts, strict=True):
        for series, places, lengths, thick in _bars(part):
            bars = axes.barh(places, lengths, height=thick, label=series.name, linewidth=0.5, **_LOOKS[series.name])
            axes.bar_label(bars, [_amount(value) for value in series.values], padding=3, fontsize=8.5)
        below_zero = any(value < 0 for series in part for value in series.values)
        axes.margins(x=0.3 if older or below_zero else 0.14)
        axes.axvline(0, color="black", linewidth=1)
        axes.xaxis.set_major_locator(_few_ticks())
        axes.xaxis.set_major_formatter(_thousands)
        axes.grid(axis="x", color="#dddddd", linewidth=0.7)
        _finished(axes)
    row[0].set_yticks(range(len(chart.labels)), [_shortened(label) for label in chart.labels], fontsize=9.5)
    row[0].set_ylim(len(chart.labels) - 0.4, -0.6)
    _plain_labels(row[0])


def _standing(figure: Figure, chart: Chart) -> None:
    axes = figure.add_subplot()
    crowded = len(chart.labels) > 6
    for series, places, lengths, thick in _bars(chart.series):
        bars = axes.bar(places, lengths, width=thick, label=series.name, linewidth=0.5, **_LOOKS[series.name])
        told = [_amount(value, whole=True) for value in series.values]
        axes.bar_label(bars, told, padding=3, fontsize=7.5 if crowded else 9, rotation=90 if crowded else 0)
    axes.set_xticks(range(len(chart.labels)), list(chart.labels), fontsize=8 if crowded else 9.5)
    spare = max(0, 4 - len(chart.labels)) / 2  # a single period is no wall
    axes.set_xlim(-0.6 - spare, len(chart.labels) - 0.4 + spare)
    axes.set_xlabel("first day of the billing period", fontsize=9, color=_GREY)
    axes.margins(y=0.25 if crowded else 0.1)
    axes.yaxis.set_major_formatter(_thousands)
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.axhline(0, color="black", linewidth=1)
    _finished(axes)


def _bars(part: Sequence[Series]) -> Iterator[tuple[Series, list[float], list[float], float]]:
    """Yield each series with the places and lengths of its bars, and how thick they are."""
    thick = 0.8 / max(2, len(part))
    for number, series in enumerate(part):
        shift = (number - (len(part) - 1) / 2) * thick
        lengths = [float(value) for value in series.values]  # for the eye; no amount is taken from here
        yield series, [place + shift for place in range(len(lengths))], lengths, thick * 0.94


def _finished(axes: Axes) -> None:
    axes.set_axisbelow(True)
    for side in axes.spines:
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)


def _plain_labels(axes: Axes) -> None:
    """Print names as they are, dollar signs included."""
    for label in axes.get_yticklabels():
        label.set_parse_math(False)


def _few_ticks() -> Locator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=4)


def _thousands(value: float, _position: float) -> str:
    return f"{value:,.0f}"


def _amount(value: Decimal, *, whole: bool = False) -> str:
    if not value:
        return ""
    return f"{value:,.0f}" if whole else f"{value:,.2f}"


def _shortened(label: str) -> str:
    return label if len(label) <= _LABEL_MAX else f"{label[: _LABEL_MAX - 1].rstrip()}…"
