"""XML: namespaces, attributes, and what is refused."""

import pytest

from auditor.decoders import NO_CLUE, xml
from auditor.errors import TooMuch
from auditor.model import Tree


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        ("<a>hi</a>", {"a": "hi"}),
        ("<a>  </a>", {"a": "  "}),
        ("<a x='1'>  </a>", {"a": {"@x": "1"}}),
        ("<a x='1'>hi</a>", {"a": {"@x": "1", "#text": "hi"}}),
        ("<a><b/><b>2</b><c/></a>", {"a": {"b": ["", "2"], "c": ""}}),
        ("<a>x<b/>y</a>", {"a": {"#text": "xy", "b": ""}}),
        ("<a><![CDATA[<b>&amp;]]></a>", {"a": "<b>&amp;"}),
        ("<a>&lt;&#13;&#x1F510;</a>", {"a": "<\r🔐"}),
        ("<a x='&quot;&#10;&lt;'/>", {"a": {"@x": '"\n<'}}),
        ("<a xmlns='u'><b/></a>", {"u|a": {"b": ""}}),
        ("<a xmlns='u'><b xmlns='v'><c/><d xmlns='u'/></b></a>", {"u|a": {"v|b": {"c": "", "u|d": ""}}}),
        ("<a xmlns='u'><b xmlns=''/></a>", {"u|a": {"|b": ""}}),
        ("<p:a xmlns:p='u' xmlns:q='v'><q:b/><b/></p:a>", {"u|a": {"v|b": "", "|b": ""}}),
        ("<a xmlns='u|v'><b/></a>", {"u|v|a": {"b": ""}}),
        ("<a xml:lang='en' xmlns:p='u' p:x='1' x='2'/>", {"a": {"@xml:lang": "en", "@p:x": "1", "@x": "2"}}),
        ("\ufeff\n <?xml-stylesheet href='x'?><!-- c --><a>1</a>\n", {"a": "1"}),
        ("<?xml version='1.0' encoding='utf-16'?><a>é</a>", {"a": "é"}),
    ],
)
def test_a_document_becomes_a_tree(data: str, tree: Tree) -> None:
    assert xml.unwrap(data.encode(), NO_CLUE) == tree
    assert xml.unwrap(xml.wrap(tree), NO_CLUE) == tree


@pytest.mark.parametrize(
    "data",
    [
        "<3 you",
        "<hello",
        "<b>bold",
        "<a/><b/>",
        "<a/> text",
        "<p>one<br>two</p>",
        "<!DOCTYPE html><html/>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<a>&nbsp;</a>",
        "<p:a/>",
        "<a p:b='1'/>",
        "<a xmlns='@x'/>",
        "<a x='1' x='2'/>",
        "text <a/>",
        "<!-- only -->",
    ],
)
def test_what_is_not_xml(data: str) -> None:
    with pytest.raises(ValueError, match="XML"):
        xml.unwrap(data.encode(), NO_CLUE)


def test_sixty_four_levels_are_enough() -> None:
    assert xml.unwrap(b"<a>" * 64 + b"</a>" * 64, NO_CLUE)
    with pytest.raises(TooMuch, match="nested"):
        xml.unwrap(b"<a>" * 65 + b"</a>" * 65, NO_CLUE)


def test_numbers_and_bytes_can_be_written() -> None:
    assert xml.wrap({"a": {"@n": 1, "b": [True, None, b"x"]}}) == b'<a n="1"><b>true</b><b></b><b>x</b></a>'


@pytest.mark.parametrize("tree", [{}, {"a": "", "b": ""}, "a"])
def test_a_document_has_one_root(tree: Tree) -> None:
    with pytest.raises(ValueError, match="one root"):
        xml.wrap(tree)
