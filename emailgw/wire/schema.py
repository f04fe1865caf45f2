"""What the API's description says of a field beside its type: words for people, and limits that are checked in code.

Requests and answers carry it in their types, so `api.openapi` reads the whole description off them.
"""

from typing import Any

import msgspec

Schema = str | int | float | bool | list[Any] | dict[str, Any]


def says(text: str = "", **schema: Schema) -> msgspec.Meta:
    """For `Annotated`: `text` describes the field, `schema` are keywords of JSON Schema such as `maxLength`. Nothing is
    enforced by it when a request is decoded: a refusal has the contract's words, not the decoder's.
    """
    return msgspec.Meta(extra_json_schema={**({"description": text} if text else {}), **schema})
