"""The texts rendered last: pages refresh every few seconds."""

from __future__ import annotations

import sys
from collections import OrderedDict
from threading import Lock


class Cache:
    """HTML by the hash of its source, within a number of bytes of memory."""

    def __init__(self, limit: int) -> None:
        self.size = 0
        self._limit = limit
        self._lock = Lock()
        self._kept: OrderedDict[bytes, str] = OrderedDict()

    def get(self, key: bytes) -> str | None:
        """The HTML, or None when it isn't kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: bytes, html: str) -> None:
        """Keep HTML, and let go of what was used longest ago."""
        with self._lock:
            if key in self._kept:
                self.size -= _bytes(key, self._kept.pop(key))
            self._kept[key] = html
            self.size += _bytes(key, html)
            while self.size > self._limit:
                self.size -= _bytes(*self._kept.popitem(last=False))


def _bytes(key: bytes, html: str) -> int:
    # The entry of the dictionary itself takes about 100 bytes.
    return sys.getsizeof(key) + sys.getsizeof(html) + 100
