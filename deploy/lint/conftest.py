"""What the checks of deploy/ share: where the tools are, and a server to stand behind the proxies."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BOTTEGA = ROOT / "bin/bottega"
TOOLS = ROOT / ".cache/deploy-tools/usr"


def tool(name: str) -> str:
    """A program of the virtual environment, or one that scripts/fetch-deploy-tools.sh has fetched."""
    for place in (Path(sys.executable).parent, TOOLS / "bin", TOOLS / "sbin"):
        if (place / name).exists():
            return str(place / name)
    pytest.fail(f"{name} is missing: run `make deploy-tools`")


def run(*command: str, env: dict[str, str] | None = None, cwd: Path = ROOT, stdin: str = "") -> str:
    """Runs a program to its end and returns what it wrote; the test fails when the program does."""
    done = attempt(*command, env=env, cwd=cwd, stdin=stdin)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def attempt(
    *command: str, env: dict[str, str] | None = None, cwd: Path = ROOT, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=env, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=120, check=False
    )


def clean_environment(**more: str) -> dict[str, str]:
    """An environment meant for somebody's real server must not reach the one under test."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BOTTEGA_", "OTEL_", "AWS_"))}
    return {**kept, **more}


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(fact, what: str, process: subprocess.Popen | None = None, log: Path | None = None) -> None:
    """Waits for a fact, at most half a minute."""
    for _ in range(600):
        if fact():
            return
        if process and process.poll() is not None:
            break
        time.sleep(0.05)
    said = log.read_text() if log and log.exists() else ""
    pytest.fail(f"{what}\n{said}")


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass
class Server:
    """A running `bottega serve` that believes the headers of this machine."""

    port: int
    metrics: int
    data: Path

    @property
    def listen(self) -> str:
        return f"127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("server")
    s = Server(free_port(), free_port(), home / "data")
    log = home / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [BOTTEGA, "serve", "--data", s.data, "--listen", s.listen, "--attempts=-1"],
            env=clean_environment(BOTTEGA_TRUSTED_PROXIES="127.0.0.1", BOTTEGA_METRICS_LISTEN=f"127.0.0.1:{s.metrics}"),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: answers(f"http://{s.listen}/readyz"), "the server is not ready", process, log)
            yield s
        finally:
            end(process)
