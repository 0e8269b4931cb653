"""A board that takes its time: a relay in front of the real one."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


@contextmanager
def slow_board(url: str, seconds: float) -> Iterator[str]:
    """The address where the board at `url` answers so much later."""
    board = urlsplit(url)

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((board.hostname, board.port)) as upstream:
                answers = threading.Thread(target=_pass_on, args=(upstream, self.request, 0))
                answers.start()
                _pass_on(self.request, upstream, seconds)
                answers.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Relay) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _pass_on(source: socket.socket, target: socket.socket, seconds: float) -> None:
    try:
        while data := source.recv(65_536):
            time.sleep(seconds)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one of them is gone, and so is what was under way
