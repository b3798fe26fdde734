"""Samples as columns say what the samples say."""

from hypothesis import given, settings
from hypothesis import strategies as st

from silversmith.filters import ColumnFilter, Columns
from silversmith.records import Sample, Turn

TURNS = st.builds(
    Turn, role=st.sampled_from(["system", "user", "assistant"]), content=st.text(max_size=5)
)
SAMPLES = st.builds(
    Sample,
    messages=st.lists(TURNS, max_size=4).map(tuple),
    rejected=st.lists(TURNS, max_size=3).map(tuple),
    id=st.text("abc", max_size=3),
)


@settings(deadline=None)
@given(st.lists(SAMPLES, max_size=6))
def test_texts_are_those_of_the_samples(samples):
    columns = Columns.of(samples)
    for name in ("response", "instruction", "system", "prompt"):
        assert columns.text(name).to_pylist() == [getattr(one, name) for one in samples]
    assert columns.text("rejected").to_pylist() == [one.rejected_response for one in samples]


@settings(deadline=None)
@given(st.lists(SAMPLES, min_size=1, max_size=6), st.data())
def test_a_part_of_a_table_is_like_a_table_of_its_own(samples, data):
    start = data.draw(st.integers(0, len(samples)))
    part = Columns(Columns.of(samples).table.slice(start))
    for name in ("response", "instruction", "system", "prompt"):
        assert part.text(name).to_pylist() == [getattr(one, name) for one in samples[start:]]
    assert [part.sample(row) for row in range(len(part))] == samples[start:]


def test_a_column_filter_decides_about_a_single_sample_too():
    class Loud(ColumnFilter):
        def reasons_to_drop(self, columns):
            texts = columns.text("response").to_pylist()
            return {row: f"{text!r}" for row, text in enumerate(texts) if text.isupper()}

    assert Loud().reason_to_drop(Sample.pair("Hm?", "NO")) == "'NO'"
    assert Loud().reason_to_drop(Sample.pair("Hm?", "no")) is None
