"""Metrics as they are written in tables: a name, a text, and where the value comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

PREFIX = "edge_daemon_"

Row = tuple[str, str, str]
"""Name without prefix, text, key of the value."""


def counters(rows: Iterable[Row], values: Mapping[str, object]) -> Iterator[Metric]:
    """Yield a counter for each row whose value is known."""
    for name, text, key in rows:
        if (value := values.get(key)) is not None:
            yield CounterMetricFamily(PREFIX + name, text, cast(float, value))


def gauges(rows: Iterable[Row], values: Mapping[str, object]) -> Iterator[Metric]:
    """Yield a gauge for each row whose value is known: what is not measured is not there, never 0."""
    for name, text, key in rows:
        if (value := values.get(key)) is not None:
            yield GaugeMetricFamily(PREFIX + name, text, cast(float, value))


def counter_by(name: str, text: str, label: str, values: Mapping[str, object]) -> Metric:
    """Return a counter with a series for each value of a label."""
    family = CounterMetricFamily(PREFIX + name, text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], cast(float, count))
    return family


def gauge_by(name: str, text: str, label: str, values: Mapping[str, object]) -> Metric:
    """Return a gauge with a series for each value of a label."""
    family = GaugeMetricFamily(PREFIX + name, text, labels=[label])
    for value, figure in values.items():
        family.add_metric([value], cast(float, figure))
    return family


def facts(name: str, text: str, values: Mapping[str, str | None]) -> Metric:
    """Return what is no number: a gauge that is always 1, with the facts as its labels."""
    family = GaugeMetricFamily(PREFIX + name, text, labels=list(values))
    family.add_metric([value or "" for value in values.values()], 1)
    return family
