"""Figures for Prometheus, with the names that it is used to."""

from edge_daemon.metrics.connection import MetricsConnection

__all__ = ["MetricsConnection"]
