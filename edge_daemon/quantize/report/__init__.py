"""The report of a quantization: JSON with everything, and one page to read."""

from __future__ import annotations

import json
from pathlib import Path

from edge_daemon.quantize.report.document import document
from edge_daemon.quantize.report.page import report
from edge_daemon.quantize.result import QuantizationResult

__all__ = ["document", "report", "write_report"]


def write_report(result: QuantizationResult, json_path: Path, html_path: Path) -> None:
    """Write both forms; what is there already is replaced.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    text = json.dumps(document(result), indent=2, ensure_ascii=False, allow_nan=False)
    json_path.write_text(text + "\n", encoding="utf-8")
    html_path.write_text(report(result), encoding="utf-8")
