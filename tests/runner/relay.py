"""A relay in front of the real board: it can be slow, and gone."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

POLL_SECONDS = 0.02


@contextmanager
def relay(url: str, port: int = 0, delay: float = 0) -> Iterator[str]:
    """The address where the board at `url` answers, by so much later, while the block runs; before
    and after it is away there: connections are cut, and refused."""
    board = urlsplit(url)
    connections: list[socket.socket] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((board.hostname, board.port)) as upstream:
                connections.extend((self.request, upstream))
                answers = threading.Thread(target=_pass_on, args=(upstream, self.request, 0))
                answers.start()
                _pass_on(self.request, upstream, delay)
                answers.join()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[POLL_SECONDS], daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
    for connection in connections:
        with contextlib.suppress(OSError):  # many have ended by themselves
            connection.shutdown(socket.SHUT_RDWR)


def _pass_on(source: socket.socket, target: socket.socket, delay: float) -> None:
    try:
        while data := source.recv(65_536):
            time.sleep(delay)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one of them is gone, and so is what was under way
