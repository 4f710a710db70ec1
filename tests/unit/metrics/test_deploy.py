"""The dashboard and the alert rules: valid, and about metrics that the daemon has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.metrics.scene import Scene
from tests.unit.metrics.test_collector import SENSORS, busy_scene, summarise

DEPLOY = Path(__file__).parents[3] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "edge-daemon.json"
_FILLED_IN = {"$__rate_interval": "5m", "$job": "edge-daemon", "$instance": ".+"}
_NAME = re.compile(r"\b(?:edge_daemon|process)_\w+")


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Prometheus' checker."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (apt install prometheus)")
    command = ["promtool", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def alert_expressions() -> dict[str, str]:
    """Return what the alerts ask for, by their names."""
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"]: rule["expr"] for rule in group["rules"]}


def panels() -> list[dict[str, Any]]:
    """Return the panels of the dashboard, rows left out."""
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def dashboard_expressions() -> Iterator[tuple[str, str]]:
    """Yield what the panels ask for, each with the panel's title."""
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], _filled_in(target["expr"])


def _filled_in(expression: str) -> str:
    for name, value in _FILLED_IN.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, f"a variable that the dashboard does not have: {expression}"
    return expression


@pytest.fixture(scope="module")
def there() -> set[str]:
    """Return the names of all series of a daemon that has everything."""
    scene: Scene = busy_scene()
    with scene.running():
        summarise(scene.inside, SENSORS)
        return {name.partition("{")[0] for name in scene.samples()}


def test_alert_rules_are_valid() -> None:
    """Promtool takes the rules."""
    checked = promtool("check", "rules", ALERTS)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_alerts_fire_when_they_should() -> None:
    """Each alert fires in the case that it is for, and none for a board that is well."""
    tested = promtool("test", "rules", ALERTS.with_name("alerts_test.yml"))
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_each_alert_has_a_case_and_advice() -> None:
    """The rules' tests have a case in which each alert fires, and each says what is wrong."""
    cases = yaml.safe_load(ALERTS.with_name("alerts_test.yml").read_text())["tests"]
    checks = [check for case in cases for check in case["alert_rule_test"]]
    assert {x["alertname"] for x in checks if x["exp_alerts"]} == set(alert_expressions())
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    assert all({"summary", "description"} <= set(rule["annotations"]) for rule in group["rules"])


def test_alerts_and_panels_are_about_metrics_that_there_are(there: set[str]) -> None:
    """No rule and no panel asks for a name that the daemon does not serve."""
    asked = [*alert_expressions().items(), *dashboard_expressions()]
    unknown = {title: sorted(set(_NAME.findall(expr)) - there) for title, expr in asked}
    assert not {title: names for title, names in unknown.items() if names}


def test_dashboard_expressions_are_valid(tmp_path: Path) -> None:
    """Promtool parses what every panel asks for."""
    rules = [
        {"record": f"panel:{i}", "expr": expr}
        for i, (_, expr) in enumerate(dashboard_expressions())
    ]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = promtool("check", "rules", path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_lost_microphone_is_not_counted_as_deaf_too(tmp_path: Path) -> None:
    """Of a board without a microphone and one that hears nothing, the panel counts the second."""
    (expression,) = (expr for title, expr in dashboard_expressions() if title == "Deaf")
    age, condition = "edge_daemon_audio_age_seconds", "edge_daemon_condition"
    told = {
        f'{age}{{job="edge-daemon", instance="lost"}}': 90,
        f'{condition}{{job="edge-daemon", instance="lost", condition="lost"}}': 1,
        f'{age}{{job="edge-daemon", instance="deaf"}}': 90,
        f'{condition}{{job="edge-daemon", instance="deaf", condition="lost"}}': 0,
    }
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": f"{value}x9"} for name, value in told.items()],
        "promql_expr_test": [
            {"expr": expression, "eval_time": "5m", "exp_samples": [{"labels": "{}", "value": 1}]}
        ],
    }
    path = tmp_path / "test.yml"
    path.write_text(json.dumps({"tests": [case]}))
    tested = promtool("test", "rules", path)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_panels_lie_beside_each_other() -> None:
    """No panel covers another, all fit the width of 24, and each has its own number."""
    every = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in every)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23


def test_dashboard_takes_any_prometheus() -> None:
    """Every query goes to the data source that is chosen above, and every panel says what it shows."""
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels():
        assert panel["datasource"] == chosen
        assert all(target["datasource"] == chosen for target in panel["targets"])
        assert panel["description"]


def test_the_document_names_what_there_is(there: set[str]) -> None:
    """The table of docs/prometheus.md has every metric of ours, and no other."""
    text = (DEPLOY.parent / "docs" / "prometheus.md").read_text()
    rows = [row.split("|")[1] for row in text.splitlines() if row.startswith("| `edge_daemon_")]
    named = {name for row in rows for name in re.findall(r"`(edge_daemon_\w+)", row)}
    ours = {re.sub("_(bucket|sum|count)$", "", x) for x in there if x.startswith("edge_daemon_")}
    assert named == ours


def test_the_documents_configurations_are_prometheus_own(tmp_path: Path) -> None:
    """Promtool takes the configurations of Prometheus that the documents show."""
    (tmp_path / "alerts.yml").write_text(ALERTS.read_text())
    (tmp_path / "boards.json").write_text("[]")
    shown = [
        block
        for name in ("prometheus.md", "fleet.md")
        for block in re.findall(
            r"```yaml\n(# prometheus\.yml\n.*?)```",
            (DEPLOY.parent / "docs" / name).read_text(),
            re.S,
        )
    ]
    assert len(shown) == 2
    for block in shown:
        path = tmp_path / "prometheus.yml"
        path.write_text(block)
        checked = promtool("check", "config", path)
        assert checked.returncode == 0, checked.stdout + checked.stderr
