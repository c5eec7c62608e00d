"""The JSON schema of stack files, for completion and checks in editors."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from .keys import MEANINGS
from .schema import AnyFile


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of stack files: in SI or in the paper's units, with or without a mesh.

    Returns
    -------
    dict
        Ready for JSON. Every key has its unit and meaning as its description. What tables say
        together is not in it: `spinfem.io.stackfile.read` checks that.
    """
    schema = TypeAdapter[AnyFile](AnyFile).json_schema()
    for table in schema["$defs"].values():
        for key, value in table.get("properties", {}).items():
            value.pop("title", None)
            value["description"] = MEANINGS[key]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of spinfem",
        **schema,
    }
