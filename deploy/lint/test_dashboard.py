"""The dashboard and the alarms, asked of a real Prometheus that reads a real server and a worker of another machine."""

import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from conftest import BOTTEGA, DEPLOY, Server, answers, clean_environment, end, free_port, run, tool, wait_until

METRIC = re.compile(r"\b(?:bottega|process|go)_[a-z_]+\b")


@dataclass
class Prometheus:
    url: str
    gauges: set[str]

    def ask(self, expression: str) -> list:
        query = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}", timeout=20) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as e:
            pytest.fail(f"{expression}\n{e.read().decode()}")
        assert found["status"] == "success" and not found.get("warnings"), f"{expression}\n{found}"
        return found["data"]["result"]


def read(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def worker(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A worker through the server; the port of its metrics."""
    home = tmp_path_factory.mktemp("worker")
    token = run(
        *(str(BOTTEGA), "admin", "worker", "create", "--data", str(server.data), "--name", "dashboard"),
        env=clean_environment(),
    ).strip()
    port, log = free_port(), home / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [BOTTEGA, "worker", "--server", f"http://{server.listen}", "--metrics-listen", f"127.0.0.1:{port}"],
            env=clean_environment(BOTTEGA_TOKEN=token),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), "the worker is not let in", process, log)
            yield port
        finally:
            end(process)


@pytest.fixture(scope="module")
def prometheus(server: Server, worker: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    home = tmp_path_factory.mktemp("prometheus")
    targets = [f"127.0.0.1:{server.metrics}", f"127.0.0.1:{worker}"]
    settings = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "bottega", "static_configs": [{"targets": targets}]}],
    }
    (home / "prometheus.yaml").write_text(yaml.safe_dump(settings))
    port, log = free_port(), home / "log"
    types = re.findall(r"^# TYPE (\S+) gauge$", read(server.metrics) + read(worker), re.MULTILINE)
    p = Prometheus(f"http://127.0.0.1:{port}", set(types))
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                *(tool("prometheus"), f"--config.file={home}/prometheus.yaml", f"--storage.tsdb.path={home}/data"),
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            env=clean_environment(),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: answers(f"{p.url}/-/ready"), "Prometheus is not ready", process, log)
            wait_until(
                lambda: len(p.ask('count_over_time(up{job="bottega"}[1m]) > 2')) == 2 and len(p.ask("up == 1")) == 2,
                "Prometheus does not read the server and the worker",
                process,
                log,
            )
            yield p
        finally:
            end(process)


def panels() -> list[tuple[str, str]]:
    dashboard = json.loads((DEPLOY / "grafana/bottega.json").read_text())
    found = []
    for p in dashboard["panels"]:
        for t in p.get("targets", []):
            e = t["expr"]
            # As Grafana fills them in, with an interval of a few scrapes.
            for name, value in (("$__rate_interval", "1m"), ("$__range", "1h"), ("$job", ".*"), ("$instance", ".*")):
                e = e.replace(name, value)
            found.append((p["title"], e))
    return found


def test_every_panel_is_answered(prometheus: Prometheus):
    with_data = 0
    for title, expression in panels():
        result = prometheus.ask(expression)
        named = set(METRIC.findall(expression))
        assert named, f"{title}: {expression} names no metric"
        # What is counted may not have happened yet; what is measured is there, unless only a part of it is asked for.
        if named <= prometheus.gauges and not re.search(r"[<>]|==", expression):
            assert result, f"{title}: nothing comes back from {expression}"
            with_data += 1
    assert with_data > 15, f"only {with_data} panels on gauges"


def test_every_alarm_is_answered(prometheus: Prometheus):
    groups = yaml.safe_load(Path(DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    rules = [r for g in groups for r in g["rules"]]
    assert len(rules) > 10
    for r in rules:
        ringing = prometheus.ask(r["expr"])
        # A studio that nobody uses, with a worker, is well.
        assert not ringing, f"{r['alert']} rings: {ringing}"


def test_what_alarms_measure_is_there(prometheus: Prometheus):
    groups = yaml.safe_load(Path(DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    for r in (r for g in groups for r in g["rules"]):
        for name in set(METRIC.findall(r["expr"])) & prometheus.gauges:
            assert prometheus.ask(name), f"{r['alert']}: nothing comes back from {name}"
