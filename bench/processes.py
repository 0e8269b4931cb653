"""Processes that are measured: the server behind gunicorn, and commands."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.client import Client

ROOT = Path(__file__).resolve().parents[1]
CALLBOARD, FLOOR = "wsgi:app", "bench.floor.app:app"

START_SECONDS, STOP_SECONDS = 60, 20
LOOK_SECONDS = 0.005


def environment(url: str) -> dict[str, str]:
    """What a process needs to work on a board of the bench. It keeps what it has compiled, whatever
    the shell says: what operators install is compiled once, by pip."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "CALLBOARD_DATABASE_URL": url,
        "CALLBOARD_INSTANCE_PATH": str(ROOT / "bench" / ".data" / "instance"),
        "CALLBOARD_SECRET_KEY": "the bench signs its cookies with this",
        "CALLBOARD_LOG_LEVEL": "warning",
    }


@dataclass(frozen=True, slots=True)
class Spent:
    """What a command took: seconds on the clock and on processors, and MiB at its largest."""

    seconds: float
    cpu: float
    peak: float


def callboard(url: str, *arguments: str, stdin: str = "") -> str:
    """What a command says; raises `RuntimeError` when it fails."""
    command = [str(Path(sys.executable).with_name("callboard")), *arguments]
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=environment(url),
        input=stdin,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"callboard {' '.join(arguments)} failed: {done.stdout}{done.stderr}")
    return done.stdout


def measured(url: str, *arguments: str) -> Spent:
    """Run a command, and measure it."""
    command = [str(Path(sys.executable).with_name("callboard")), *arguments]
    began = time.perf_counter()
    process = psutil.Popen(
        command, cwd=ROOT, env=environment(url), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    peak = cpu = 0.0
    while process.poll() is None:
        try:
            times = process.cpu_times()
            cpu = times.user + times.system
            peak = max(peak, _peak(process.pid))
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            pass  # it ended while it was looked at
        time.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - began
    if process.returncode:
        told = process.stderr.read().decode()[-1000:]
        raise RuntimeError(f"callboard {' '.join(arguments)} failed: {told}")
    process.stderr.close()
    return Spent(seconds, cpu, peak)


def _peak(pid: int) -> float:
    """MiB that a process held at its largest."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Server:
    """A gunicorn that serves an application, and what its workers cost."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, ready: float) -> None:
        self.process, self.port = process, port
        self.seconds_to_ready = ready
        self.workers: Sequence[psutil.Process] = psutil.Process(process.pid).children()

    def cpu(self) -> float:
        """Seconds that the workers have spent on processors."""
        times = [worker.cpu_times() for worker in self.workers]
        return sum(each.user + each.system for each in times)

    def memory(self) -> float:
        """MiB that belong to one worker alone: the largest."""
        return float(max(worker.memory_full_info().uss for worker in self.workers)) / 2**20

    def client(self) -> Client:
        return Client(self.port)


@contextmanager
def serving(app: str, url: str, *, workers: int = 2) -> Iterator[Server]:
    """The application behind gunicorn with the settings that operators use."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py",
               "--workers", str(workers), "--bind", f"127.0.0.1:{port}", app]  # fmt: skip
    with running(command, environment(url), port, workers, ready="/readyz") as server:
        yield server


@contextmanager
def running(
    command: Sequence[str], env: Mapping[str, str], port: int, workers: int, *, ready: str
) -> Iterator[Server]:
    """A gunicorn until it is no longer needed; `ready` is an address that answers 200 soon."""
    log = ROOT / "bench" / ".data" / "gunicorn.log"
    log.parent.mkdir(exist_ok=True)
    began = time.perf_counter()
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=stream, stderr=stream)
    try:
        _wait(process, Client(port), ready, workers, log)
        yield Server(process, port, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(
    process: subprocess.Popen[bytes], client: Client, ready: str, workers: int, log: Path
) -> None:
    """Until it answers, which is when its first worker has loaded the application."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if (
                client.get(ready).status == 200
                and len(psutil.Process(process.pid).children()) == workers
            ):
                client.close()
                return
        except OSError:
            time.sleep(LOOK_SECONDS)
    raise RuntimeError(f"no answer from the server: {log.read_text()[-2000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
