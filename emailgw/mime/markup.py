"""The tags and texts of a page as a browser would find them: the one door to `justhtml`. Called by `links`, which loads
it when the first page comes, since the parser is a tenth of what starting the program costs.
"""

from collections.abc import Iterator
from typing import NamedTuple

from justhtml import JustHTML
from justhtml.dom import Element, Node, Template, Text


class Tag(NamedTuple):
    """A start tag: `name` empty outside HTML's namespace, `offset` of its `<` in the source if it stands there."""

    name: str
    offset: int | None
    attributes: dict[str, str | None]


def read(source: str) -> Iterator[Tag | str]:
    """In no particular order; comments too are texts."""
    waiting: list[Node | Text] = [JustHTML(source, track_node_locations=True, sanitize=False).root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Element):
            yield Tag(node.name if node.namespace == "html" else "", node.origin_offset, node.attrs)
        elif isinstance(node.data, str):
            yield node.data
        waiting += node.children or ()
        if isinstance(node, Template) and node.template_content is not None:
            waiting.append(node.template_content)
