"""Real proxies with the files that we ship: only addresses, ports and paths are the test's own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.board import HOST
from tests.deploy.certificate import Certificate
from tests.processes import ROOT, free_port, until

DEPLOY = ROOT / "deploy"
SHIPPED_SOCKET = "/run/callboard/callboard.sock"
SHIPPED_FILES = "/opt/callboard/lib/python3.11/site-packages/app/static/"

NGINX_MAIN = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    include {mime_types};
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
MIME_TYPES = "/etc/nginx/mime.types"

CADDY_MAIN = """{{
	admin off
	auto_https disable_redirects
	storage file_system {folder}
	http_port {http_port}
}}
"""


@dataclass(frozen=True)
class Proxy:
    """A proxy that runs: where people find the board behind it, and Prometheus its figures."""

    process: subprocess.Popen[bytes]
    port: int
    http_port: int
    metrics_port: int
    prefix: str
    log: Path

    @property
    def url(self) -> str:
        """The board's public address, without a slash at its end."""
        return f"https://{HOST}:{self.port}{self.prefix}"

    def stop(self) -> None:
        """End it, and nothing else."""
        self.process.terminate()
        self.process.wait(10)


def program(name: str) -> str:
    """The proxy's program. Without it its tests are skipped, loudly; in CI they fail."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"CI must test the proxies: install Debian's {name}")
        pytest.skip(f"NO {name.upper()}: the board isn't tested behind it; install Debian's {name}")
    return found


def start_nginx(
    folder: Path, socket: Path, certificate: Certificate, site: str, prefix: str = ""
) -> Proxy:
    """nginx with one of the shipped sites, which is changed by nothing but addresses and paths."""
    nginx = program("nginx")
    ports = port, http_port, metrics_port = free_port(), free_port(), free_port()
    text = (DEPLOY / "nginx" / site).read_text("utf-8")
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
    for shipped, ours in (
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("listen 80;", f"listen 127.0.0.1:{http_port};"),
        ("/etc/letsencrypt/live/board.example.org/fullchain.pem", str(certificate.chain)),
        ("/etc/letsencrypt/live/board.example.org/privkey.pem", str(certificate.key)),
        (SHIPPED_SOCKET, str(socket)),
        ("127.0.0.1:9180", f"127.0.0.1:{metrics_port}"),
        ("include snippets/callboard-proxy.conf", f"include {DEPLOY}/nginx/proxy.conf"),
        ("#static ", ""),
        (SHIPPED_FILES, f"{ROOT}/static/"),
    ):
        text = text.replace(shipped, ours)
    (folder / "site.conf").write_text(text, "utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    main = NGINX_MAIN.format(folder=folder, mime_types=MIME_TYPES, user=user)
    (folder / "nginx.conf").write_text(main, "utf-8")
    command = [nginx, "-p", str(folder), "-e", str(folder / "error.log")]
    return _start([*command, "-c", str(folder / "nginx.conf")], folder, ports, prefix)


def start_caddy(folder: Path, socket: Path, certificate: Certificate, prefix: str = "") -> Proxy:
    """Caddy with the shipped file, from which the site of this prefix is kept."""
    caddy = program("caddy")
    ports = port, http_port, metrics_port = free_port(), free_port(), free_port()
    text = (DEPLOY / "Caddyfile").read_text("utf-8").replace(SHIPPED_SOCKET, str(socket))
    text = text.replace("127.0.0.1:9180", f"127.0.0.1:{metrics_port}")
    address = f"https://{HOST}:{port}"
    kept, dropped = ("example.org {", "board.example.org {")[:: 1 if prefix else -1]
    text = re.sub(rf"^{re.escape(dropped)}\n.*?^}}\n", "", text, flags=re.MULTILINE | re.DOTALL)
    tls = f"{address} {{\n\ttls {certificate.chain} {certificate.key}"
    text = re.sub(rf"^{re.escape(kept)}", tls, text, flags=re.MULTILINE)
    file = folder / "Caddyfile"
    file.write_text(CADDY_MAIN.format(folder=folder, http_port=http_port) + text, "utf-8")
    command = [caddy, "run", "--adapter", "caddyfile", "--config", str(file)]
    return _start(command, folder, ports, prefix)


def _start(command: list[str], folder: Path, ports: tuple[int, int, int], prefix: str) -> Proxy:
    log = folder / "proxy.log"
    environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=stream, stderr=stream
        )
    proxy = Proxy(process, *ports, prefix, log)
    until(lambda: _listens(proxy))
    return proxy


def _listens(proxy: Proxy) -> bool:
    import socket

    assert proxy.process.poll() is None, proxy.log.read_text()
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", proxy.port)) == 0
