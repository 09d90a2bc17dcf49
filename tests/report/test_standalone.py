"""SVG and HTML files: valid, escaped, and with nothing to load or to run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from rich.table import Table
from rich.text import Text

from gradcli.report.standalone import html, plain, svg

HOSTILE = "<script>alert(1)</script> & \"'> ]]> {x} {{y}} \x1b[31m\x07\x9b31m\u202e\ud800 é"


def parts() -> list[object]:
    table = Table("name", "value")
    table.add_row(Text(HOSTILE), Text("1.25", style="bold red"))
    return [Text(HOSTILE, style="bold"), table, Text("x" * 150)]


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def require_harmless(tag: str, attributes: dict[str, str | None]) -> None:
    assert tag not in ("script", "iframe", "object", "embed", "link", "img", "image", "use", "a")
    for name, value in attributes.items():
        assert not name.startswith("on")
        assert name not in ("href", "src", "{http://www.w3.org/1999/xlink}href")
        assert "javascript" not in (value or "")


def require_no_address(text: str) -> None:
    text = text.replace('xmlns="http://www.w3.org/2000/svg"', "", 1)
    assert "http:" not in text
    assert "https:" not in text
    assert "//" not in re.sub(r"<!--.*?-->", "", text)
    assert "@import" not in text
    assert "@font-face" not in text
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)", text))


def test_svg() -> None:
    document = svg(parts())
    root = ElementTree.fromstring(document.encode())
    for element in root.iter():
        require_harmless(element.tag.rpartition("}")[2], dict(element.attrib))
    require_no_address(document)
    text = "".join(root.itertext()).replace("\xa0", " ")
    assert "<script>alert(1)</script> & \"'> ]]> {x} {{y}}" in text
    assert "1.25" in text
    assert "x" * 150 in text


def test_html() -> None:
    document = html(parts())
    page = Page()
    page.feed(document)
    for tag, attributes in page.tags:
        require_harmless(tag, attributes)
    require_no_address(document)
    policy = [a["content"] for tag, a in page.tags if "http-equiv" in a]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert "<script>alert(1)</script> & \"'> ]]> {x} {{y}}" in page.text
    assert "x" * 150 in page.text
    document.encode()


@pytest.mark.parametrize("render", [svg, html])
def test_no_character_that_does_something_is_left(render: object) -> None:
    document = render(parts())
    assert not {c for c in document if not c.isprintable()} - {"\n", "\xa0"}
    assert "é" in document
    assert render(parts()) == document


def test_plain() -> None:
    assert plain([Text("a  "), Text("b")]) == "a\nb\n"
