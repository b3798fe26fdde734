"""Texts in base64, hexadecimal, ROT13 and backwards, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silversmith.checks.encodings import ENCODINGS, decoded

ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8)


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
@given(text=ASCII)
def test_what_was_encoded_is_among_what_is_decoded(encoding, text):
    assert any(text in found for found in decoded(ENCODINGS[encoding](text)))


@given(st.text())
def test_any_text_can_be_searched(text):
    assert all(isinstance(found, str) for found in decoded(text))


def test_base64_is_found_inside_a_sentence():
    assert any("meet me at six" in found for found in decoded("Read bWVldCBtZSBhdCBzaXg= now."))
