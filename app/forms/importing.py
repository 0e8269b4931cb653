"""A file of another tracker, and where its records go."""

from __future__ import annotations

import base64
import zlib

from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import Regexp

from app.errors import Invalid
from app.forms.base import BoardForm, at_most, one_line
from app.forms.plan import PlanField
from app.models import Project

FILE_MAX = 5_000_000
"""Bytes of a file. Packed, so many of them fit into a request of two million."""
PARTS_MAX = 5_000
"""Records of a file, and as many links and comments. Nobody can write while they are stored in
SQLite: on a slow machine for about ten of the fifteen seconds that others wait."""

GZIP = 31


class ImportForm(BoardForm):
    """A Beads file. `packed` holds one that was chosen, as gzip in base64: pages take no files, and
    what a page holds isn't lost when it comes back. `step`: it was looked at, and is meant."""

    repository_name = StringField(
        "Name of the project",
        filters=[one_line],
        validators=[at_most(Project.NAME_MAX)],
        description="Such as acme/web. It stands in addresses and can't be changed later.",
    )
    packed = HiddenField("Beads file", id="file")
    file_name = HiddenField(filters=[one_line], validators=[at_most(255)])
    text = TextAreaField("Lines of the file")
    execution_plan = PlanField("Execution plan", name="plan")
    step = HiddenField(validators=[Regexp(r"(import)?\Z")])

    @property
    def is_looked_at(self) -> bool:
        """Whether the person has seen what the import makes."""
        return bool(self.step.data == "import")

    @property
    def source_name(self) -> str:
        """What the person calls the file."""
        return "what was pasted" if self.text.data else self.file_name.data or "the file"

    def plan(self) -> tuple[str, ...]:
        """The plan of every ticket. Raises `Invalid`."""
        if not self.execution_plan.stages:
            raise Invalid("Choose at least one worker type.", "execution_plan")
        return tuple(self.execution_plan.stages)

    def content(self) -> bytes:
        """The file. Raises `Invalid`."""
        if self.text.data:
            content, field = self.text.data.encode(), "text"
        elif self.packed.data:
            content, field = _unpacked(self.packed.data), "packed"
        else:
            raise Invalid("Choose a file, or paste its lines.", "packed")
        if len(content) > FILE_MAX:
            raise Invalid(f"At most {FILE_MAX // 1_000_000} MB at once.", field)
        return content


def _unpacked(packed: str) -> bytes:
    """At most one byte more than a file may have, whatever the rest would unpack to."""
    reader = zlib.decompressobj(GZIP)
    try:
        content = reader.decompress(base64.b64decode(packed, validate=True), FILE_MAX + 1)
    except (ValueError, zlib.error):
        content = None
    if content is None or not (reader.eof or len(content) > FILE_MAX):
        raise Invalid("The file didn't arrive whole; choose it again.", "packed")
    return content
