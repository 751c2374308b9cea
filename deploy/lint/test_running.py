"""The proxies of deploy/ in front of a running server: what a browser gets through them, and what it does not."""

import contextlib
import http.client
import json
import re
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import BOTTEGA, DEPLOY, Server, attempt, clean_environment, end, free_port, run, tool, wait_until

HOST = "studio.example.com"


@dataclass
class Proxy:
    port: int

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
        """Asks through the proxy, as a browser would by the studio's name."""
        context = ssl._create_unverified_context()  # the certificate is made for the test
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": HOST, **given})
        return connection.getresponse()


def nginx(home: Path, server: Server) -> tuple[list[str], int]:
    """Our file inside the frame that a distribution gives it, on ports and in folders of the test's own."""
    https, plain = free_port(), free_port()
    run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"),
        *("-keyout", str(home / "privkey.pem"), "-out", str(home / "fullchain.pem")),
    )
    ours = (DEPLOY / "nginx/bottega.conf").read_text()
    for old, new in {
        "/etc/ssl/bottega/": f"{home}/",
        "server 127.0.0.1:7860": f"server {server.listen}",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{https} ssl http2;",
        "listen [::]:443 ssl http2;": "",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen [::]:80;": "",
    }.items():
        assert old in ours, f"deploy/nginx/bottega.conf has no {old}"
        ours = ours.replace(old, new)
    paths = "".join(
        f"{what}_temp_path {home}/{what};\n" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    frame = f"pid {home}/pid;\nerror_log stderr;\ndaemon off;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{ours}}}\n"
    (home / "nginx.conf").write_text(frame)
    command = [tool("nginx"), "-p", str(home), "-e", "stderr", "-c", str(home / "nginx.conf")]
    run(*command, "-t")
    return command, https


def caddy(home: Path, server: Server) -> tuple[list[str], int]:
    """Our file with a certificate of its own instead of one from the world."""
    https, plain = free_port(), free_port()
    ours = (DEPLOY / "caddy/Caddyfile").read_text()
    for old, new in {
        f"\n{HOST} {{": f"\nhttps://{HOST}:{https} {{\n\ttls internal\n\tbind 127.0.0.1",
        "127.0.0.1:7860": server.listen,
    }.items():
        assert old in ours, f"deploy/caddy/Caddyfile has no {old!r}"
        ours = ours.replace(old, new)
    options = (
        f"{{\n\tadmin off\n\tskip_install_trust\n\thttp_port {plain}\n\thttps_port {https}\n"
        f"\tdefault_sni {HOST}\n\tstorage file_system {home}/store\n}}\n"
    )
    (home / "Caddyfile").write_text(options + ours)
    return [tool("caddy"), "run", "--adapter", "caddyfile", "--config", str(home / "Caddyfile")], https


@pytest.fixture(scope="module", params=[nginx, caddy], ids=["nginx", "caddy"])
def proxy(request, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    home = tmp_path_factory.mktemp("proxy")
    home.chmod(0o755)  # nginx's workers are another user when it is started by root
    command, port = request.param(home, server)
    log = home / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=clean_environment(HOME=str(home)), stdout=out, stderr=subprocess.STDOUT, cwd=home
        )
        p = Proxy(port)

        def ready() -> bool:
            try:
                return p.ask("GET", "/readyz").status == 200
            except (OSError, http.client.HTTPException):
                return False

        try:
            wait_until(ready, "the proxy does not pass on", process, log)
            yield p
        finally:
            end(process)


def sign_up(proxy: Proxy, email: str) -> http.client.HTTPResponse:
    body = json.dumps({"email": email, "password": "correct horse battery"}).encode()
    return proxy.ask("POST", "/api/studio/signup", body, Content_Type="application/json", Origin=f"https://{HOST}")


def test_browser_signs_in_over_tls(proxy: Proxy, request):
    answer = sign_up(proxy, f"{request.node.callspec.id}@example.com")
    assert answer.status < 300, answer.read()
    cookie = answer.getheader("Set-Cookie")
    # Only where the server believes the proxy that the browser spoke TLS.
    assert cookie.startswith("__Host-sid=") and "Secure" in cookie
    assert answer.getheader("Strict-Transport-Security")
    assert len(answer.headers.get_all("Content-Security-Policy")) == 1


def test_events_pass_at_once(proxy: Proxy, request):
    cookie = sign_up(proxy, f"events-{request.node.callspec.id}@example.com").getheader("Set-Cookie").split(";")[0]
    stream = proxy.ask("GET", "/api/studio/events", Cookie=cookie, Accept="text/event-stream")
    assert stream.status == 200
    assert stream.getheader("Content-Type") == "text/event-stream"
    # The stream never ends, so what was collected would never come.
    asked = proxy.ask(
        *("PUT", "/api/studio/queue", b'{"paused":true}'),
        Cookie=cookie,
        Content_Type="application/json",
        Origin=f"https://{HOST}",
    )
    assert asked.status < 300, asked.read()
    assert stream.readline().strip(), "nothing came through"


def test_pictures_pass_and_what_is_larger_does_not(proxy: Proxy, request):
    cookie = sign_up(proxy, f"pictures-{request.node.callspec.id}@example.com").getheader("Set-Cookie").split(";")[0]
    headers = {"Cookie": cookie, "Content_Type": "image/png", "Origin": f"https://{HOST}"}
    answer = proxy.ask("POST", "/api/studio/uploads", bytes(19 << 20), **headers)
    # The server has read all of it and found that it is no picture.
    problem = json.loads(answer.read())
    assert (answer.status, problem["errors"][0]["field"]) == (422, "file"), problem
    # What is refused so early that the rest cannot be sent is refused, too.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
        assert proxy.ask("POST", "/api/studio/uploads", bytes(26 << 20), **headers).status == 413


def test_workers_of_other_machines_connect(proxy: Proxy, server: Server):
    token = run(
        *(str(BOTTEGA), "admin", "worker", "create", "--data", str(server.data), "--name", "test"),
        env=clean_environment(),
    ).strip()
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert proxy.ask("GET", "/api/worker/connect", Authorization=f"Bearer {token}", **upgrade).status == 101
    assert proxy.ask("GET", "/api/worker/connect", Authorization=f"Bearer {token}0", **upgrade).status == 401


def test_inside_stays_inside(proxy: Proxy):
    assert proxy.ask("GET", "/metrics").status == 404
    assert b"bottega_" not in proxy.ask("GET", "/metrics").read()


def test_healthcheck_says_how_the_server_is(server: Server):
    for more in ([], ["--ready"]):
        run(str(BOTTEGA), "healthcheck", *more, env=clean_environment(BOTTEGA_LISTEN=server.listen))
    run(str(BOTTEGA), "healthcheck", "--listen", f"0.0.0.0:{server.port}", env=clean_environment())
    done = attempt(str(BOTTEGA), "healthcheck", "--listen", f"127.0.0.1:{free_port()}", env=clean_environment())
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    # /readyz stands there, too, and nothing that is for people.
    done = attempt(
        str(BOTTEGA), "healthcheck", "--ready", "--listen", f"127.0.0.1:{server.metrics}", env=clean_environment()
    )
    assert done.returncode == 0, done.stderr


def test_metrics_are_as_prometheus_wants_them(server: Server):
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    assert re.search(r"^bottega_queue_workers 1$", text, re.MULTILINE)
    run(tool("promtool"), "check", "metrics", stdin=text)
