"""Where quotes stand in a text, and which differences are put right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks.quotes import Place, find_quote, find_quotes

TEXT = "The fee is due. It\u2019s \u201cfixed\u201d \u2013 see\nSection 2.\n\nThe fee is\u00a0low."


def said(quote, text=TEXT, **options):
    place = find_quote(quote, text, **options)
    assert isinstance(place, Place), place
    return text[place.start : place.end], place.repaired


def test_a_quote_that_stands_there_as_it_is():
    assert said("fee is due") == ("fee is due", False)
    assert said("  is due. ") == ("is due.", False)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ('It\'s "fixed"', "It\u2019s \u201cfixed\u201d"),
        ("see Section 2.", "see\nSection 2."),
        ("the FEE is due", "The fee is due"),
        ('fixed" - see', "fixed\u201d \u2013 see"),
        ("``fixed''", "\u201cfixed\u201d"),
        ("\u201cThe fee is due.\u201d", "The fee is due."),
        ("'see Section 2'", "see\nSection 2"),
        ("is low", "is\u00a0low"),
        ("se\u00ade Section", "see\nSection"),
        ("It's 'fixed' -- see", "It\u2019s \u201cfixed\u201d \u2013 see"),
    ],
)
def test_typography_is_put_right_and_the_text_is_what_comes_out(quote, found):
    assert said(quote) == (found, True)


def test_hyphens_of_a_line_break_that_cannot_be_seen():
    assert said("fee is due", "the fee\u00ad is du\u00ade.") == ("fee\u00ad is du\u00ade", True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("*  as is   *\n*  basis  *", "as is   *\n*  basis"),
        ("> as is\n> basis", "as is\n> basis"),
        ("# as is\n# basis", "as is\n# basis"),
        ("// as is\n// basis", "as is\n// basis"),
        ("| as is |\n| basis |", "as is |\n| basis"),
    ],
)
def test_margins_of_boxes_and_comments_are_white_space(text, found):
    assert said("as is basis", text) == (found, True)


def test_a_mark_in_the_middle_of_a_line_is_no_margin():
    assert "is not in the text" in find_quote("as is basis", "as is * basis")


@pytest.mark.parametrize(
    "quote",
    [
        "The fee was due",
        "The fee is ... low",
        "The fee due",
        "fee is due and payable",
        "---",
        "It\u2019s fixed",
    ],
)
def test_words_are_never_guessed(quote):
    assert "is not in the text" in find_quote(quote, TEXT)


def test_nothing_is_no_quote():
    assert "a quote is empty" in find_quote(" \n", TEXT)


class TestSeveralPlaces:
    def test_are_no_place(self):
        assert "stands in 2 places" in find_quote("The fee", TEXT)

    def test_do_for_evidence(self):
        assert find_quote("The fee", TEXT, any_place=True) == Place(0, 7)

    def test_are_told_apart_by_the_words_around(self):
        place = find_quote("fee", TEXT, "The fee is low")
        assert isinstance(place, Place)
        assert place.start == TEXT.rindex("fee")

    def test_and_words_around_that_are_not_there_tell_nothing(self):
        assert "stands in 2 places" in find_quote("fee", TEXT, "The fee is high")

    def test_inside_of_words_do_not_count_beside_whole_words(self):
        assert said("art", "smart art starts") == ("art", False)
        assert find_quote("art", "smart art starts") == Place(6, 9)

    def test_without_spaces_between_words_all_count(self):
        assert find_quote("契約", "本契約は") == Place(1, 3)
        assert "2 places" in find_quote("契約", "契約と契約書")

    def test_are_meant_in_turn_where_all_of_them_are_given(self):
        places = find_quotes([("The fee", ""), ("due", ""), ("The fee", "")], TEXT)
        second = TEXT.rindex("The fee")
        assert places == [Place(0, 7), Place(11, 14), Place(second, second + 7)]

    def test_are_not_meant_in_turn_where_some_are_missing(self):
        places = find_quotes([("a b", ""), ("a b", "")], "a b, a b, a b")
        assert all("3 places" in str(place) for place in places)

    def test_are_counted_up_to_a_bound(self):
        assert "50 or more places" in find_quote("x", "x " * 1000)


@given(st.text(max_size=60), st.data())
def test_a_piece_of_a_text_is_found_whatever_it_is(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    piece = text[start:end].strip()
    place = find_quote(piece, text, any_place=True)
    if piece:
        assert isinstance(place, Place)
        assert text[place.start : place.end] == piece
        assert not place.repaired
    else:
        assert isinstance(place, str)


@given(st.text("ab'\"\u2019\u201c -\u2013\n*", max_size=40), st.text("ab'\" -\n*", max_size=12))
def test_what_is_found_says_the_same_but_for_layout(text, quote):
    place = find_quote(quote, text, any_place=True)
    if isinstance(place, Place):
        letters = [c for c in text[place.start : place.end].lower() if c in "ab"]
        assert letters == [c for c in quote.lower() if c in "ab"]
