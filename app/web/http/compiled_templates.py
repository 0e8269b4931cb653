"""Compiled templates, kept from one start to the next: to compile takes longer than to draw.

They may be deleted at any time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

FOLDER = "templates"
WRITABLE_BY_OTHERS = 0o022


def register(app: Flask) -> None:
    """Keep them in the instance folder, which is the board's own; without one, they aren't kept."""
    folder = Path(app.instance_path) / FOLDER
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        if _is_our_own(folder):
            app.jinja_env.bytecode_cache = CompiledTemplates(str(folder))


def _is_our_own(folder: Path) -> bool:
    """Whether nobody else can write there: what lies there is run."""
    found = folder.stat()
    return found.st_uid == os.geteuid() and not found.st_mode & WRITABLE_BY_OTHERS


class CompiledTemplates(FileSystemBytecodeCache):
    """Each is known by a checksum of its source: a changed template is compiled anew."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one. On a disk that is full or can't be written to, pages are drawn all the same."""
        with suppress(OSError):
            super().dump_bytecode(bucket)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read one; what can't be read is compiled anew."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # noqa: BLE001 - pickle raises anything for a file that was cut off
            bucket.reset()
