"""Seeds from documents: files of each kind, offsets, bad input."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from silversmith.errors import SeedError
from silversmith.seeds import BadRow
from silversmith.seeds.documents import Documents

DATA = Path(__file__).parents[1] / "data"


def pdf(*pages: str) -> bytes:
    """A PDF with one line of text on each page, made by hand."""
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(len(pages)))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
        bodies += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {4 + 2 * number} 0 R"
            f" /Resources << /Font << /F1 {font} >> >> >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(bodies) + 1
    return (
        out
        + (
            f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
            f"startxref\n{len(out)}\n%%EOF\n"
        ).encode()
    )


def test_a_folder_of_real_documents() -> None:
    seeds = list(Documents(path="documents/*/*", licence="see SOURCE.txt").read(DATA))
    files = {seed.passage.source for seed in seeds if seed.passage}
    assert files == {
        "documents/legal/MPL-2.0.txt",
        "documents/software/setup.md",
        "documents/support/instructor-faq.md",
    }
    for seed in seeds:
        passage = seed.passage
        assert passage is not None
        assert seed.source == f"{passage.source}:{passage.start}-{passage.end}"
        assert seed.text == passage.text
        assert (DATA / passage.source).read_text()[passage.start : passage.end] == passage.text
        assert 200 <= len(passage.text) <= 2000
        assert seed.licence == "see SOURCE.txt"
    assert len({seed.id for seed in seeds}) == len(seeds)


def test_reading_twice_gives_the_same() -> None:
    source = Documents(path="documents/software", max_chars=800)
    once, again = (list(source.read(DATA)) for _ in range(2))
    assert once == again
    assert [seed.id for seed in once] == [seed.id for seed in again]


def test_an_id_does_not_depend_on_the_place(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Words of one paragraph.")
    (tmp_path / "b.txt").write_text("\n\nWords of one paragraph.\n")
    one, two = Documents(path=".").read(tmp_path)
    assert one.id == two.id
    assert (one.source, two.source) == ("a.txt:0-23", "b.txt:2-25")


def test_offsets_count_characters_after_decoding(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + "Ünïcode wörds\r\n\r\nand 🙂 more\rend".encode()
    (tmp_path / "a.txt").write_bytes(data)
    (seed,) = Documents(path="a.txt").read(tmp_path)
    assert seed.text == "Ünïcode wörds\n\nand 🙂 more\nend"
    assert seed.source == f"a.txt:0-{len(seed.text)}"


def test_html(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<!doctype html><html><head><title>No</title><style>p {}</style></head><body>"
        "<script>alert('no')</script><h1>Pumps &amp; valves</h1><p>First <b>bold</b>\n words.<br>"
        "New line.</p><!-- no --><h2>Steps</h2><ul><li>One</li><li>Two</li></ul>"
        "<pre>  if x:\n    y()\n</pre><table><tr><td>a</td><td>b</td></tr><tr><td>c</td>"
        "<td>d</td></tr></table>Tail &#xD800;</body></html>"
    )
    one, two = Documents(path="a.html", min_chars=0).read(tmp_path)
    assert one.text == "Pumps & valves\n\nFirst bold words.\nNew line."
    assert one.passage is not None
    assert one.passage.heading == "Pumps & valves"
    assert two.text == "Steps\n\nOne\nTwo\n\n  if x:\n    y()\n\na | b\nc | d\n\nTail \ufffd"
    assert two.passage is not None
    assert two.passage.heading == "Pumps & valves > Steps"
    assert two.passage.start == len(one.text) + 2


def test_html_in_a_declared_encoding(tmp_path: Path) -> None:
    page = '<meta charset="iso-8859-1"><p>café</p>'
    (tmp_path / "a.htm").write_bytes(page.encode("iso-8859-1"))
    (seed,) = Documents(path="a.htm").read(tmp_path)
    assert seed.text == "café"


def test_html_that_nests_deeply(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<div>" * 5000 + "deep" + "</div>" * 5000)
    (seed,) = Documents(path="a.html").read(tmp_path)
    assert seed.text == "deep"


def test_pdf(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf("The pump stops.", "Check the fuse."))
    (seed,) = Documents(path="a.pdf").read(tmp_path)
    assert seed.text == "The pump stops.\n\nCheck the fuse."
    assert seed.source == f"a.pdf:0-{len(seed.text)}"


@pytest.mark.parametrize(
    ("name", "library", "kind"), [("a.pdf", "pypdf", "PDF"), ("a.html", "bs4", "HTML")]
)
def test_a_missing_extra_is_named(
    name: str, library: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_bytes(b"x")
    monkeypatch.setitem(sys.modules, library, None)
    bad: list[BadRow] = []
    with pytest.raises(SeedError, match=rf"^reading {kind} needs .*'silversmith\[documents\]'$"):
        list(Documents(path=name).read(tmp_path, bad.append))
    assert bad == []


def test_others_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    for name in ("b.md", ".hidden.md", "data.bin", ".git/c.md", "sub/A.TXT"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"Words of {name}.")
    sources = [seed.source for seed in Documents(path=str(tmp_path)).read(tmp_path)]
    assert sources == ["b.md:0-14", "sub/A.TXT:0-19"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.md", b"", r"^a\.md: holds no text"),
        ("a.txt", b" \n\n ", r"^a\.txt: holds no text"),
        (
            "a.txt",
            b"one\ncaf\xe9",
            r"^a\.txt: is not UTF-8 \(byte 0xe9 in line 2\); save it as UTF-8",
        ),
        ("a.txt", "text".encode("utf-16"), r"^a\.txt: is UTF-16, not UTF-8"),
        ("a.html", b"<script>x</script>", r"^a\.html: holds no text"),
        ("a.pdf", b"no pdf at all", r"^a\.pdf: is damaged or no PDF \("),
        ("a.pdf", pdf(""), r"^a\.pdf: holds no text"),
        ("a.docx", b"x", r"^a\.docx: files of this kind cannot be read here; known: \.txt, \.md"),
    ],
)
def test_bad_documents(name: str, content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SeedError, match=sentence) as caught:
        list(Documents(path=name).read(tmp_path))
    assert "\n" not in str(caught.value)


def test_an_encrypted_pdf(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    (tmp_path / "a.pdf").write_bytes(pdf("Secret."))
    writer = PdfWriter(clone_from=PdfReader(tmp_path / "a.pdf"))
    writer.encrypt("password", algorithm="RC4-128")
    writer.write(tmp_path / "b.pdf")
    with pytest.raises(SeedError, match=r"^b\.pdf: is encrypted"):
        list(Documents(path="b.pdf").read(tmp_path))


def test_bad_documents_are_told_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff")
    (tmp_path / "b.txt").write_text("Good words.")
    bad: list[BadRow] = []
    seeds = list(Documents(path=".").read(tmp_path, bad.append))
    assert [seed.source for seed in seeds] == ["b.txt:0-11"]
    assert [row.where for row in bad] == ["a.txt"]


def test_missing_and_empty_places(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SeedError, match=r"^none\.md: there is no such file or folder"):
        list(Documents(path="none.md").read(tmp_path))
    with pytest.raises(SeedError, match=r"^empty: the folder holds no file that can be read here"):
        list(Documents(path="empty").read(tmp_path))


def test_bounds_that_make_no_sense() -> None:
    with pytest.raises(ValidationError, match="min_chars must be at most half of max_chars"):
        Documents(path="a.md", max_chars=300, min_chars=200)
