"""A day of the daemon on one page, out of its log of records; never loaded when it listens."""

from edge_daemon.day.day import Day, day_of
from edge_daemon.day.page import report
from edge_daemon.day.reading import ReadLog, read_log

__all__ = ["Day", "ReadLog", "day_of", "read_log", "report"]
