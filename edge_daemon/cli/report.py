"""``edge-daemon report``."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from edge_daemon.cli.arguments import EXIT_OK, Parser, add_command
from edge_daemon.outputs import must_be_writable, write_whole


def add_report(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands, "report", _report, "draw a page of a day out of the daemon's log of records",
        ("report /var/lib/edge-daemon/records.jsonl",
         "report records.csv --day 2026-11-22 -o day.html"),
    )  # fmt: skip
    parser.fill = _add_options


def _add_options(parser: Parser) -> None:
    parser.add_argument(
        "log", type=Path, metavar="LOG",
        help="the file of telemetry.log, JSON lines or CSV; LOG.1, LOG.2 … are read as well",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DAY.html",
        help="the page (default: edge-daemon-DAY.html, here)",
    )  # fmt: skip
    parser.add_argument(
        "--day", type=_day, metavar="YYYY-MM-DD", help="in local time (default: the newest)"
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-11-22") from None


def _report(arguments: argparse.Namespace) -> int:
    from edge_daemon.day import day_of, read_log, report

    day = day_of(read_log(arguments.log), arguments.day)
    output = arguments.output or Path(f"edge-daemon-{day.date}.html")
    must_be_writable(output)
    html = report(day)
    write_whole(output, html)
    print(output)
    return EXIT_OK
