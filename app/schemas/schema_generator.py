"""How schemas are drawn as JSON Schema."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema


class SchemaGenerator(GenerateJsonSchema):
    """Pydantic's own schemas, without a title at every field that only repeats its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's hook
        """Never."""
        return False
