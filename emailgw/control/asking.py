"""What every question of the operator is: a value whose tag is its name on the socket, and whose answer has a type."""

from typing import ClassVar

import msgspec


class Request(msgspec.Struct, frozen=True, tag_field="ask"):
    answer: ClassVar[type[msgspec.Struct]]
