"""Passages: nothing lost, nothing twice, nothing too long, whatever the text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.records import Passage
from silversmith.seeds.blocks import Block, read_text
from silversmith.seeds.markdown import read_markdown
from silversmith.seeds.pages import read_html
from silversmith.seeds.passages import passages

DATA = Path(__file__).parents[1] / "data" / "documents"

words = st.lists(
    st.sampled_from(["Word", "and", "more.", "(e.g.", "so!", "—", "句子。", "1.", "END"]),
    max_size=60,
).map(" ".join)
parts = st.one_of(
    words,
    words.map(lambda w: f"# {w[:30]}"),
    words.map(lambda w: f"### {w[:30]}"),
    words.map(lambda w: f"{w[:20] or 'Title'}\n====="),
    words.map(lambda w: f"- {w}\n- {w}\n\n  {w}\n  ```\n  {w}\n  ```\n"),
    words.map(lambda w: f"> {w}\n> # {w[:9]}\n"),
    words.map(lambda w: f"```py\n{w}\n\n{w}\n    {w}\n```"),
    words.map(lambda w: f"(label)=\n## {w[:20]}"),
    words.map(lambda w: f"| a | b |\n|---|---|\n| {w[:40]} | c |"),
    words.map(lambda w: f"[ref]: http://example.org/{w[:3].strip()}"),
    words.map(lambda w: f"2. Grant of Rights. {w}"),
    words.map(lambda w: f"1.2 {w[:20]}"),
    st.text(max_size=300),
    st.sampled_from(["", "   ", "\t", "---", "\x0c", "~~~", "x" * 700, "\u2028", "<!-- c -->"]),
)
documents = st.lists(parts, max_size=12).map("\n\n".join) | st.text(max_size=900)


def check(text: str, blocks: list[Block], *, most: int, least: int) -> list[Passage]:
    """The passages, after what must hold of any."""
    found = list(passages("d", text, blocks, max_chars=most, min_chars=least))
    end = 0
    for passage in found:
        assert passage.text == text[passage.start : passage.end]
        assert passage.text.strip()
        assert not passage.text[-1].isspace()
        assert passage.end - passage.start <= most
        assert not text[end : passage.start].strip(), "lost between passages"
        end = passage.end
    assert not text[end:].strip(), "lost at the end"
    return found


@settings(max_examples=150, deadline=None)
@given(documents, st.sampled_from([(100, 0), (100, 50), (400, 60), (2000, 200)]))
@pytest.mark.parametrize("read", [read_markdown, read_text])
def test_every_character_is_in_one_passage(read, text: str, bounds: tuple[int, int]) -> None:
    most, least = bounds
    check(*read(text.encode("utf-8", "replace")), most=most, least=least)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["p", "div", "li", "h1", "h2", "pre", "td", "span", "br"]), words
        ),
        max_size=12,
    )
)
def test_every_word_of_a_page_is_in_one_passage(tags: list[tuple[str, str]]) -> None:
    page = "".join(f"<{tag}>{text}</{tag}>" for tag, text in tags)
    text, blocks = read_html(page.encode())
    found = check(text, blocks, most=300, least=50)
    expected = "".join("".join(text.split()) for _, text in tags)
    assert "".join("".join(p.text.replace("|", "").split()) for p in found) == expected


@pytest.mark.parametrize("path", sorted(DATA.glob("*/*.*")), ids=lambda path: path.name)
@pytest.mark.parametrize("bounds", [(2000, 200), (500, 100), (150, 0)])
def test_real_documents(path: Path, bounds: tuple[int, int]) -> None:
    read = read_markdown if path.suffix == ".md" else read_text
    most, least = bounds
    found = check(*read(path.read_bytes()), most=most, least=least)
    if least == 200:
        assert all(len(passage.text) >= least for passage in found)


def test_headings_name_their_passages() -> None:
    faq = check(
        *read_markdown((DATA / "support/instructor-faq.md").read_bytes()), most=2000, least=0
    )
    headings = [passage.heading for passage in faq]
    assert (
        "Frequently Asked Questions > Common Issues > How do I stream large responses?" in headings
    )
    contract = check(*read_text((DATA / "legal/MPL-2.0.txt").read_bytes()), most=2000, least=200)
    by_heading = {passage.heading: passage.text for passage in contract}
    license_ = "Mozilla Public License Version 2.0"
    assert by_heading[f"{license_} > 3. Responsibilities > 3.4. Notices"].startswith("3.4. Notices")
    assert f"{license_} > 9. Miscellaneous" in by_heading


def headings(text: str, *, markdown: bool = False, least: int = 0) -> list[tuple[str, str]]:
    text, blocks = (read_markdown if markdown else read_text)(text.encode())
    return [(p.heading, p.text) for p in check(text, blocks, most=400, least=least)]


def test_headings_of_plain_text() -> None:
    text = (
        "GENERAL TERMS\n\n1. Definitions\n\nWords.\n\n1.1 Scope of Work\n\nMore.\n\n"
        "2. Limit of Liability. In no event shall we pay.\n\nANNEX A: Prices\n\nMuch."
    )
    assert headings(text) == [
        ("GENERAL TERMS", "GENERAL TERMS"),
        ("GENERAL TERMS > 1. Definitions", "1. Definitions\n\nWords."),
        ("GENERAL TERMS > 1. Definitions > 1.1 Scope of Work", "1.1 Scope of Work\n\nMore."),
        (
            "GENERAL TERMS > 2. Limit of Liability.",
            "2. Limit of Liability. In no event shall we pay.",
        ),
        ("ANNEX A: Prices", "ANNEX A: Prices\n\nMuch."),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "1. open the box and take out the cable",
        "1. Open the settings and click save twice.",
        "2024 was a good year",
        "THIS IS SOLD AS IS.",
        "I. went home",
        "NASA",
        "Part of the deal",
        "Items:",
        "*** 42 ***",
    ],
)
def test_lines_that_only_look_like_headings(line: str) -> None:
    assert headings(f"{line}\n\nWords follow here.")[0][0] == ("NASA" if line == "NASA" else "")


def test_markdown_headings_nest_and_code_has_none() -> None:
    text = "# A\n\na\n\n```\n# no heading\n```\n\nB\n-\n\nb\n\n# C `x` #\n\n> # quoted\n\nc"
    assert headings(text, markdown=True) == [
        ("A", "# A\n\na\n\n```\n# no heading\n```"),
        ("A > B", "B\n-\n\nb"),
        ("C `x`", "# C `x` #\n\n> # quoted\n\nc"),
    ]


def test_a_label_goes_with_its_heading() -> None:
    text = "# A\n\na\n\n(b-label)=\n## B\n\nb"
    assert headings(text, markdown=True)[1] == ("A > B", "(b-label)=\n## B\n\nb")


def test_front_matter_is_no_heading() -> None:
    text = "---\ntitle: A\n---\n\n# B\n\nb"
    assert headings(text, markdown=True, least=100) == [("B", text)]


def test_short_sections_are_joined_under_their_common_heading() -> None:
    text = f"# FAQ\n\n## One\n\nShort.\n\n## Two\n\nShort too.\n\n## Three\n\n{'Long. ' * 50}"
    assert [heading for heading, _ in headings(text, markdown=True, least=30)] == [
        "FAQ",
        "FAQ > Three",
    ]


def test_unrelated_sections_are_not_joined() -> None:
    assert [h for h, _ in headings("# A\n\na\n\n# B\n\nb", markdown=True, least=100)] == ["A", "B"]


def test_a_heading_alone_goes_with_what_follows() -> None:
    text = "END OF PART ONE\n\nAPPENDIX: Forms\n\nThe forms are these."
    assert headings(text, least=30) == [("APPENDIX: Forms", text)]


FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def test_code_stays_whole() -> None:
    code = "```\n" + "".join(f"line {i}\n\n" for i in range(30)) + "```"
    assert len(code) < 400
    text = f"# A\n\n{'Before it. ' * 20}\n\nLike this:\n\n{code}\n\nAfter.\n\n- item\n\n{code}"
    found = [text for _, text in headings(text, markdown=True)]
    assert [code for text in found for code in FENCE.findall(text)] == [code, code]
    assert any(text.startswith("Like this:\n\n```") for text in found), "its opening goes with it"


def test_code_that_is_too_long_is_cut_between_lines() -> None:
    lines = [f"    value_{i} = {i}  # one line" for i in range(60)]
    text = "```\n" + "\n".join(lines) + "\n```"
    found = [text for _, text in headings(text, markdown=True)]
    assert len(found) > 3
    assert [line for text in found for line in text.splitlines()] == text.splitlines()


def test_a_long_list_is_cut_between_items() -> None:
    text = "\n".join(f"- item {i} with some words" for i in range(60))
    found = [text for _, text in headings(text, markdown=True)]
    assert all(text.startswith("- item") for text in found)


def test_a_long_paragraph_is_cut_at_sentences_then_space_then_anywhere() -> None:
    sentences = " ".join(f"This is sentence number {i}." for i in range(40))
    assert all(text.endswith(".") for _, text in headings(sentences))
    no_sentence = "word " * 200
    assert {word for _, text in headings(no_sentence) for word in text.split()} == {"word"}
    assert [len(text) for _, text in headings("x" * 1000)] == [400, 400, 200]
    assert all(text.endswith("。") for _, text in headings("这是一个句子。" * 100))
