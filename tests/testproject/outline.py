"""
Read a page as a screen reader does: headings, landmarks, names, addresses.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"input", "link", "meta", "path", "wbr"}


@dataclass
class Node:
    """
    An element with its attributes, its place and the text inside it.
    """

    tag: str
    attributes: dict[str, str]
    parents: tuple[str, ...]
    text: str = ""

    def __getitem__(self, name: str) -> str:
        """
        Return an attribute; one that is missing is empty.
        """
        return self.attributes.get(name, "")


@dataclass
class Outline(HTMLParser):
    """
    The elements of a page, in the order in which they are read.
    """

    nodes: list[Node] = field(default_factory=list)
    open: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        """
        Start the parser that this builds on.
        """
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """
        Note an element.
        """
        attributes = {name: value or "" for name, value in attrs}
        node = Node(tag, attributes, tuple(parent.tag for parent in self.open))
        self.nodes.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        """
        Close the element that was opened last.
        """
        if tag not in VOID:
            assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        """
        Give text to every element around it.
        """
        for node in self.open:
            node.text += data

    def all(self, *tags: str) -> list[Node]:
        """
        Return the elements with one of these tags.
        """
        return [node for node in self.nodes if node.tag in tags]


def outline_of(html: str) -> Outline:
    """
    Return the outline of a whole page, in which every tag is closed.
    """
    outline = Outline()
    outline.feed(html)
    outline.close()
    assert outline.open == []
    return outline
