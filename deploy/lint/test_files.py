"""deploy/ is held to what the tools of each kind of file say about it, as far as they work without the thing itself."""

import json
import re
import shutil
import stat
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from conftest import BOTTEGA, DEPLOY, ROOT, attempt, clean_environment, run, tool

CHART = DEPLOY / "helm/bottega"
COMPOSE = DEPLOY / "compose/compose.yaml"


def deploylint(*args: str, env: dict[str, str] | None = None):
    found = sorted((ROOT / ".cache/bin").glob("deploylint-*"))
    assert found, "deploylint is missing: run `make deploy-tools`"
    return attempt(str(found[0]), *args, env=env)


@pytest.fixture(scope="session")
def settings() -> set[str]:
    """The names of the environment variables that a server knows."""
    lines = run(str(BOTTEGA), "config", env=clean_environment()).splitlines()
    return {"BOTTEGA_" + line.split()[0].upper().replace("-", "_") for line in lines}


# --- the container


def test_containerfile_passes_hadolint():
    run(tool("hadolint"), "--config", str(DEPLOY / "hadolint.yaml"), str(DEPLOY / "Containerfile"))


def test_containerfile_has_what_the_build_needs(tmp_path: Path):
    """Copies what .dockerignore lets through and asks Go whether every package and every embedded file is there."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "**", ".dockerignore lets through only what it names"
    left_out = shutil.ignore_patterns("node_modules", "__pycache__", "*_test.go", "dist", "libonnxruntime-*")
    for name in (rule[1:] for rule in rules if rule.startswith("!")):
        source = ROOT / name
        assert source.exists(), f".dockerignore names {name}, which does not exist"
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=left_out, symlinks=True)
        else:
            shutil.copy(source, tmp_path / name)
    # What the other stages bring.
    (tmp_path / "web/dist").mkdir()
    (tmp_path / "web/dist/index.html").write_text("<!doctype html>")
    for line in (DEPLOY / "Containerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from=" not in line:
            for source in line.split()[1:-1]:
                assert (tmp_path / source).exists(), f"{line}: {source} is not let through"
    wrong = "{{if .Error}}{{.ImportPath}}: {{.Error}}{{end}}"
    assert run("go", "list", "-e", "-deps", "-f", wrong, "./cmd/bottega", cwd=tmp_path).strip() == ""


# --- scripts


def test_scripts_pass_shellcheck():
    ours = [str(DEPLOY / "compose/secrets.sh"), str(ROOT / "scripts/fetch-deploy-tools.sh")]
    run(tool("shellcheck"), "-x", "-P", str(ROOT / "scripts"), *ours)
    everything = [str(p) for p in sorted((ROOT / "scripts").glob("*.sh"))] + [str(ROOT / ".ci/run")]
    run(tool("shellcheck"), "--severity=error", "--shell=bash", *everything)


def secrets(folder: Path) -> dict[str, str]:
    folder.mkdir()
    script = shutil.copy(DEPLOY / "compose/secrets.sh", folder)
    run(str(script))
    made = folder / ".env"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    before = made.read_text()
    run(str(script))
    assert made.read_text() == before, "a second run changed the passwords"
    return dict(line.split("=", 1) for line in before.splitlines() if line and not line.startswith("#"))


def test_secrets_are_long_and_never_the_same(tmp_path: Path):
    first, second = secrets(tmp_path / "a"), secrets(tmp_path / "b")
    assert first.keys() == second.keys() == {"POSTGRES_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"}
    for name, value in first.items():
        assert value != second[name]
        assert re.fullmatch(r"[0-9a-f]{20,}", value), f"{name} is no long random word: {value}"


# --- Compose


def test_compose_refuses_to_start_without_secrets():
    done = deploylint("compose", str(COMPOSE), env=clean_environment())
    assert done.returncode == 1
    assert "secrets.sh" in done.stderr


def test_compose_is_shut_in(tmp_path: Path, settings: set[str]):
    done = deploylint("compose", str(COMPOSE), env=clean_environment(**secrets(tmp_path / "s")))
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert services.keys() == {"server", "worker", "postgres", "s3"}
    for name, s in services.items():
        assert "no-new-privileges:true" in s["security_opt"], name
        assert s["restart"] == "unless-stopped", name
        for port in s.get("ports", []):
            assert (name, port["host_ip"]) == ("server", "127.0.0.1"), "only the server, and on this machine only"
        if name in ("server", "worker"):
            assert s["read_only"] and s["user"] == "10001:10001" and s["cap_drop"] == ["ALL"], name
            assert {n: d["condition"] for n, d in s["depends_on"].items()} == {
                "postgres": "service_healthy",
                "s3": "service_healthy",
            }
            unknown = {v for v in s["environment"] if v.startswith("BOTTEGA_")} - settings
            assert not unknown, f"{name}: Bottega knows no {unknown}"
        else:
            assert s["healthcheck"]["test"], name


# --- Helm

CASES = {
    "PostgreSQL and S3": ["secretName=studio"],
    "one server with SQLite": ["data.enabled=true", "server.replicas=1", "worker.replicas=0"],
    "a claim of one's own": [
        "data.enabled=true",
        "data.existingClaim=pictures",
        "server.replicas=1",
        "worker.replicas=0",
    ],
    "everything": [
        "secretName=studio",
        "image.digest=sha256:" + 64 * "0",
        "publicUrl=https://studio.example.com",
        "trustedProxies={10.0.0.0/8,192.168.0.0/16}",
        "tracing.endpoint=http://collector:4318",
        "tracing.ratio=0.25",
        "settings.log-level=debug",
        "settings.signup-closed=true",
        "server.autoscaling.enabled=true",
        "worker.autoscaling.enabled=true",
        "server.modelMemoryMiB=4096",
        "server.modelIdleSeconds=1800",
        "worker.modelMemoryMiB=16777216",
        "worker.modelIdleSeconds=31536000",
        "worker.device=cuda",
        "worker.nodeSelector.gpu=yes-please",
        "worker.tolerations[0].key=gpu",
        "worker.tolerations[0].operator=Exists",
        "ingress.enabled=true",
        "ingress.className=nginx",
        "ingress.tlsSecretName=studio-tls",
        "ingress.annotations.nginx\\.ingress\\.kubernetes\\.io/proxy-body-size=24m",
        "metrics.podMonitor.enabled=true",
        "networkPolicy.enabled=true",
        "networkPolicy.ingressFrom[0].namespaceSelector.matchLabels.name=ingress",
        "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.name=monitoring",
        "server.priorityClassName=high",
        "imagePullSecrets[0].name=registry",
        "podLabels.team=studio",
        "extraEnv[0].name=TZ",
        "extraEnv[0].value=UTC",
    ],
}


def rendered(values: list[str]) -> list[dict]:
    done = deploylint("helm", str(CHART), *values)
    assert done.returncode == 0, done.stderr
    return [d for d in yaml.safe_load_all(done.stdout) if d]


@pytest.mark.parametrize("values", CASES.values(), ids=CASES.keys())
def test_chart_renders_what_kubernetes_takes(values: list[str]):
    documents = rendered(values)
    assert documents
    for version in ("1.27", "1.32", "1.37"):
        for d in documents:
            if d["apiVersion"] != "monitoring.coreos.com/v1":  # not Kubernetes' own
                kubernetes_validate.validate(d, version, strict=True)


@pytest.mark.parametrize("values", CASES.values(), ids=CASES.keys())
def test_chart_is_shut_in_and_hangs_together(values: list[str], settings: set[str]):
    documents = rendered(values)
    names = {(d["kind"], d["metadata"]["name"]) for d in documents}
    assert len(names) == len(documents), "two objects have one name"
    labels = []
    for d in (d for d in documents if d["kind"] == "Deployment"):
        template = d["spec"]["template"]
        pod = template["spec"]
        labels.append(template["metadata"]["labels"])
        assert d["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        # Pod Security Standards, level "restricted".
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        volumes = {v["name"] for v in pod["volumes"]}
        for c in pod["containers"]:
            assert c["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {m["name"] for m in c["volumeMounts"]} == volumes
            assert "memory" in c["resources"]["limits"]
            ports = {p["name"] for p in c["ports"]}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                assert c[probe]["httpGet"]["port"] in ports
            given = [e["name"] for e in c["env"]]
            assert len(given) == len(set(given)), "a variable is set twice"
            unknown = {v for v in given if v.startswith("BOTTEGA_")} - settings
            assert not unknown, f"Bottega knows no {unknown}"
            for e in c["env"]:
                assert isinstance(e["value"], str), f"{e['name']} is no text"
            grace = next(int(e["value"].rstrip("s")) for e in c["env"] if e["name"] == "BOTTEGA_GRACE")
            assert pod["terminationGracePeriodSeconds"] > grace + 5, "it would be killed while it drains"
    for d in documents:
        selector = d["spec"].get("selector", d["spec"].get("podSelector")) if "spec" in d else None
        if selector and d["kind"] != "Deployment":
            wanted = selector.get("matchLabels", selector)
            if d["kind"] == "NetworkPolicy" and d["metadata"]["name"].endswith("-worker"):
                continue
            assert any(wanted.items() <= have.items() for have in labels), f"{d['kind']} selects nothing"
        if d["kind"] == "HorizontalPodAutoscaler":
            assert ("Deployment", d["spec"]["scaleTargetRef"]["name"]) in names
        if d["kind"] == "Ingress":
            backend = d["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
            assert ("Service", backend["name"]) in names


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([], "set secretName"),
        (["secretName=studio", "servr.replicas=3"], "servr"),
        (["secretName=studio", "server.replicas=two"], "replicas"),
        (["secretName=studio", "worker.device=tpu"], "device"),
        (["secretName=studio", "worker.modelMemoryMiB=16777217"], "modelMemoryMiB"),
        (["secretName=studio", "server.modelIdleSeconds=-1"], "modelIdleSeconds"),
        (["secretName=studio", "tracing.ratio=2"], "ratio"),
        (["secretName=studio", "settings.database=postgres://somebody:secret@db/x"], "propertyName 'database'"),
        (["data.enabled=true", "worker.replicas=0"], "server.replicas to 1"),
        (["data.enabled=true", "server.replicas=1"], "worker.replicas to 0"),
    ],
)
def test_chart_refuses_what_cannot_work(values: list[str], says: str):
    done = deploylint("helm", str(CHART), *values)
    assert done.returncode == 1
    assert says in done.stderr


def variables(documents: list[dict], deployment: str) -> dict[str, str]:
    """What the program of a deployment is given, but for what comes from the Secret."""
    found = [d for d in documents if d["kind"] == "Deployment" and d["metadata"]["name"] == deployment]
    return {e["name"]: e["value"] for e in found[0]["spec"]["template"]["spec"]["containers"][0]["env"]}


@pytest.mark.parametrize(
    ("part", "deployment", "other"),
    [("server", "studio-bottega", "studio-bottega-worker"), ("worker", "studio-bottega-worker", "studio-bottega")],
)
def test_chart_bounds_the_memory_of_models(part: str, deployment: str, other: str):
    documents = rendered(["secretName=studio", f"{part}.modelMemoryMiB=16777216", f"{part}.modelIdleSeconds=31536000"])
    given = variables(documents, deployment)
    assert (given["BOTTEGA_MODEL_MEMORY"], given["BOTTEGA_MODEL_IDLE"]) == ("16777216", "31536000s")
    # Where nothing is said, what stands in `settings` is not contradicted.
    assert not variables(documents, other).keys() & {"BOTTEGA_MODEL_MEMORY", "BOTTEGA_MODEL_IDLE"}


def test_chart_describes_every_value():
    def same(values, schema, path: str):
        if "properties" not in schema:
            return
        assert values.keys() == schema["properties"].keys() - {"global"}, (
            f"{path or 'the chart'}: values and schema differ"
        )
        for name, below in values.items():
            same(below, schema["properties"][name], f"{path}{name}.")

    values = (CHART / "values.yaml").read_text()
    same(yaml.safe_load(values), json.loads((CHART / "values.schema.json").read_text()), "")


# --- systemd


@pytest.mark.parametrize("unit", ["bottega.service", "bottega-worker@.service"])
def test_units_are_valid_and_shut_in(unit: str, tmp_path: Path):
    text = (DEPLOY / "systemd" / unit).read_text()
    # systemd wants the program to be there.
    copy = tmp_path / unit
    copy.write_text(text.replace("/usr/local/bin/bottega", str(BOTTEGA)))
    done = attempt("systemd-analyze", "verify", "--man=no", str(copy).replace("@.", "@1."))
    ours = [line for line in (done.stdout + done.stderr).splitlines() if unit.split("@")[0].split(".")[0] in line]
    assert done.returncode == 0 and not ours, done.stdout + done.stderr
    # 0 is shut in altogether, 10 is a service without any bound.
    run("systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", str(copy))


# --- proxies


def test_caddyfile_is_valid_and_formatted():
    file = str(DEPLOY / "caddy/Caddyfile")
    adapted = json.loads(run(tool("caddy"), "adapt", "--adapter", "caddyfile", "--config", file, "--validate"))
    assert adapted["apps"]["http"]["servers"]
    assert run(tool("caddy"), "fmt", file) == (DEPLOY / "caddy/Caddyfile").read_text()


# --- Prometheus and Grafana


def promtool(*args: str, stdin: str = "") -> str:
    return run(tool("promtool"), *args, stdin=stdin)


def test_alarms_are_valid():
    promtool("check", "rules", "--lint=all", "--lint-fatal", str(DEPLOY / "prometheus/alerts.yaml"))
    promtool("check", "config", "--syntax-only", str(DEPLOY / "prometheus/prometheus.yaml"))


def test_alarms_ring_when_they_should():
    promtool("test", "rules", str(DEPLOY / "prometheus/alerts_test.yaml"))


def test_dashboard_asks_what_prometheus_understands(tmp_path: Path):
    dashboard = json.loads((DEPLOY / "grafana/bottega.json").read_text())
    panels = [p for p in dashboard["panels"] if p["type"] != "row"]
    assert len({p["id"] for p in dashboard["panels"]}) == len(dashboard["panels"]), "two panels have one id"
    expressions = [t["expr"] for p in panels for t in p["targets"]]
    assert len(expressions) > 40
    variables = {v["name"] for v in dashboard["templating"]["list"]} | {"__rate_interval", "__range"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard["panels"])))
    assert used <= variables, f"there are no variables {used - variables}"
    rules = []
    for i, e in enumerate(expressions):
        for name, value in (("$__rate_interval", "5m"), ("$__range", "1h"), ("$job", ".*"), ("$instance", ".*")):
            e = e.replace(name, value)
        rules.append({"record": f"panel:{i}", "expr": e})
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(file))
    # Nothing lies on anything else.
    taken: set[tuple[int, int]] = set()
    for p in dashboard["panels"]:
        at = p["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, p["title"]
        taken |= cells
