"""Diversity by design: attributes as recipes say them, and the combinations that draws get."""

import json
import pickle
import random
import re
import subprocess
import sys
from collections import Counter
from itertools import product
from math import gcd, lcm, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from silversmith.generators import Generator
from silversmith.generators.attribute_sets import READY
from silversmith.generators.combinations import Combinations
from silversmith.generators.existing import Existing
from silversmith.generators.shares import Shares
from silversmith.pipeline.planning import generator_key
from silversmith.prompts import Prompts
from silversmith.records import Draw, Sample

SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=4).filter(lambda sizes: prod(sizes) < 700)
KEYS = st.binary(min_size=1, max_size=32)
WEIGHTED = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]),
    st.dictionaries(st.sampled_from("uvwxyz"), st.integers(1, 9), min_size=1),
    min_size=1,
).filter(lambda attributes: prod(map(len, attributes.values())) < 400)


class Poem(Generator):
    """A strategy with one option of its own."""

    kind = "poem"
    own_attributes = frozenset({"metre"})
    lines: int = 4

    async def draft(self, seed, draw, ask):
        return Sample.pair(seed.instruction, "Roses are red.")


def of_sizes(sizes):
    """Attributes a0, a1 ... with so many values each."""
    return {f"a{i}": {f"v{j}": 1 for j in range(size)} for i, size in enumerate(sizes)}


def draws(combinations, key, numbers):
    return [tuple(combinations.at(key, number).values()) for number in numbers]


def stored(attributes):
    return Poem(attributes=attributes).attributes


class TestCombinations:
    @given(SIZES, KEYS)
    def test_a_round_has_every_combination_once(self, sizes, key):
        combinations = Combinations(of_sizes(sizes))
        whole = set(product(*(of_sizes(sizes)[name] for name in of_sizes(sizes))))

        found = draws(combinations, key, range(prod(sizes)))

        assert len(found) == len(set(found)) == combinations.distinct
        assert set(found) == whole

    @given(SIZES, KEYS)
    def test_values_take_turns_all_the_way(self, sizes, key):
        combinations = Combinations(of_sizes(sizes))
        found = draws(combinations, key, range(combinations.distinct))

        for attribute, size in enumerate(sizes):
            seen = Counter({f"v{j}": 0 for j in range(size)})
            for number, combination in enumerate(found, 1):
                seen[combination[attribute]] += 1
                apart = max(seen.values()) - min(seen.values())
                # All values before any comes again; further on never two more of one than another.
                assert apart <= (1 if number <= max(sizes) else 2)

    @given(KEYS, st.integers(2, 40))
    def test_numbers_of_values_without_common_divisor_keep_step_to_the_end(self, key, after):
        combinations = Combinations(of_sizes([3, 4, 5]))

        for attribute, size in enumerate((3, 4, 5)):
            window = draws(combinations, key, range(after, after + size))
            assert len({combination[attribute] for combination in window}) == size
        pairs = draws(combinations, key, range(after, after + lcm(3, 4)))
        assert len({combination[:2] for combination in pairs}) == 12

    @given(SIZES, KEYS)
    def test_the_next_round_has_all_again_in_another_order(self, sizes, key):
        combinations = Combinations(of_sizes(sizes))
        size = combinations.distinct
        first, second = (draws(combinations, key, range(n * size, (n + 1) * size)) for n in (0, 1))

        assert set(first) == set(second)
        if size > 200:  # so many cannot come out the same by chance
            assert first != second

    @given(WEIGHTED, KEYS)
    def test_weighted_or_not_a_round_has_every_combination_once(self, attributes, key):
        combinations = Combinations(attributes)

        for round_ in (0, 1, 7):
            first = round_ * combinations.distinct
            found = draws(combinations, key, range(first, first + combinations.distinct))
            assert len(found) == len(set(found)) == prod(map(len, attributes.values()))

    @given(WEIGHTED, KEYS, st.integers(0, 10**12))
    def test_a_draw_needs_no_other_draw(self, attributes, key, number):
        """Asked alone, backwards or after others, of a new object: the same."""
        used = Combinations(attributes)
        numbers = [number + step for step in range(12)]
        in_turn = draws(used, key, numbers)

        assert [draws(Combinations(attributes), key, [n])[0] for n in numbers] == in_turn
        assert draws(used, key, reversed(numbers)) == in_turn[::-1]

    @given(KEYS, st.dictionaries(st.text(min_size=1), st.integers(1, 60), min_size=2, max_size=6))
    def test_a_weighted_attribute_has_its_shares_at_every_length(self, key, weights):
        combinations = Combinations({"a": weights, "b": dict.fromkeys(map(str, range(40)), 1)})
        seen = Counter(dict.fromkeys(weights, 0))

        for number in range(1, combinations.by_weight + 1):
            seen[combinations.at(key, number - 1)["a"]] += 1
            for value, weight in weights.items():
                assert abs(seen[value] - number * weight / sum(weights.values())) < 2

    @pytest.mark.parametrize("seed", range(6))
    def test_several_weighted_attributes_keep_their_shares_while_there_is_room(self, seed):
        """Closer than chance would: of independent draws the root mean square is 1."""
        dice = random.Random(seed)
        attributes = {
            f"a{i}": {f"v{j}": dice.randint(1, 9) for j in range(dice.randint(2, 6))}
            for i in range(dice.randint(2, 4))
        } | {"b": dict.fromkeys(map(str, range(dice.randint(3, 40))), 1)}
        combinations = Combinations(attributes)
        squares = []
        for _ in range(40):
            number = dice.randint(2, min(combinations.by_weight, 400))
            found = draws(combinations, dice.randbytes(8), range(number))
            for place, weights in enumerate(attributes.values()):
                seen = Counter(combination[place] for combination in found)
                for value, weight in weights.items():
                    share = weight / sum(weights.values())
                    chance = number * share * (1 - share)
                    squares.append((seen[value] - number * share) ** 2 / chance)

        assert sum(squares) / len(squares) < 0.75

    def test_heavy_values_run_out_and_the_rest_of_the_round_evens_out(self):
        combinations = Combinations({"language": {"en": 7, "de": 3}, "b": of_sizes([100])["a0"]})
        assert (combinations.distinct, combinations.by_weight) == (200, 142)

        found = [combination[0] for combination in draws(combinations, b"k", range(200))]

        assert abs(found[:142].count("en") - 0.7 * 142) < 2
        assert found.count("en") == found.count("de") == 100
        assert set(found[144:]) == {"de"}

    def test_of_few_draws_of_many_seeds_each_value_has_its_share(self):
        combinations = Combinations({"a": {"x": 7, "y": 2, "z": 1}, "b": {"p": 3, "q": 1}})
        dice = random.Random(4)
        first = [draws(combinations, dice.randbytes(32), [0])[0] for _ in range(10_000)]

        for place, weights in enumerate(({"x": 7, "y": 2, "z": 1}, {"p": 3, "q": 1})):
            seen = Counter(combination[place] for combination in first)
            for value, weight in weights.items():
                share = weight / sum(weights.values())
                assert seen[value] / 10_000 == pytest.approx(share, abs=0.02)

    def test_far_draws_and_the_ends_of_huge_weighted_rounds_are_there_at_once(self):
        dice = random.Random(5)
        combinations = Combinations(
            {f"a{i}": {f"v{j}": dice.randint(1, 9) for j in range(20)} for i in range(10)}
        )
        assert combinations.distinct == 20**10
        numbers = [*range(30), *range(10**11, 10**11 + 30), *range(20**10 - 30, 20**10)]

        assert len(set(draws(combinations, b"k", numbers))) == 90

    def test_seeds_begin_with_all_combinations_equally_often(self):
        combinations = Combinations(of_sizes([4, 3]))
        dice = random.Random(1)
        keys = [dice.randbytes(32) for _ in range(6_000)]

        first = Counter(draws(combinations, key, [0])[0] for key in keys)
        steps = Counter(tuple(draws(combinations, key, [0, 1])) for key in keys)

        assert len(first) == 12
        assert min(first.values()) > 0.8 * 6_000 / 12
        assert max(first.values()) < 1.2 * 6_000 / 12
        # Whatever comes first, anything that differs in both may follow.
        assert len(steps) == 12 * 3 * 2

    def test_equal_numbers_of_values_do_not_go_in_step(self):
        combinations = Combinations(of_sizes([6, 6, 6, 6]))
        dice = random.Random(2)

        for one, other in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]:
            found = [
                len({(c[one], c[other]) for c in draws(combinations, dice.randbytes(8), range(36))})
                for _ in range(60)
            ]
            # 36 draws by chance meet 23 of the 36 pairs; in step they would meet 6.
            assert sum(found) / 60 > 22

    def test_far_draws_of_huge_rounds_need_no_memory_of_the_others(self):
        combinations = Combinations(of_sizes([10_000, 999, 500, 60, 7, 7, 7, 7, 7, 7]))

        assert combinations.distinct == 10_000 * 999 * 500 * 60 * 7**6
        far = draws(combinations, b"k", range(10**15, 10**15 + 500))
        assert len({c[0] for c in far}) == len({c[2] for c in far}) == 500

    def test_nothing_to_combine_is_one_empty_combination(self):
        assert Combinations({}).at(b"k", 7) == {}
        assert Combinations({}).distinct == 1

    @pytest.mark.parametrize(
        ("attributes", "recorded"),
        [
            ([3, 4, 6], ["v0 v2 v0", "v1 v0 v5", "v2 v3 v3", "v1 v3 v3", "v1 v1 v4"]),
            ([3, 4], ["dry v1 v0", "dry v0 v3", "warm v2 v1", "dry v0 v3", "dry v2 v3"]),
        ],
    )
    def test_the_order_of_draws_is_the_same_in_every_process(self, attributes, recorded):
        """Ids stay, so what belongs to an id must stay as well: also in the next version."""
        tone = {"tone": {"dry": 2, "warm": 1}} if len(attributes) == 2 else {}
        combinations = Combinations({**tone, **of_sizes(attributes)})
        code = (
            "import json, pickle, sys\n"
            "c = pickle.load(sys.stdin.buffer)\n"
            "numbers = (0, 1, 2, 50, 72)\n"
            "print(json.dumps([' '.join(c.at(b'key', n).values()) for n in numbers]))"
        )
        told = subprocess.run(
            [sys.executable, "-c", code], input=pickle.dumps(combinations), capture_output=True
        )

        assert json.loads(told.stdout) == recorded


class TestShares:
    @given(KEYS, st.dictionaries(st.text(min_size=1), st.integers(1, 60), min_size=1, max_size=6))
    def test_weights_are_shares_at_every_length_round_after_round(self, key, weights):
        shares = Shares(weights)
        seen = Counter(dict.fromkeys(weights, 0))
        whole = sum(weights.values()) // gcd(*weights.values())

        for number in range(1, 2 * whole + 1):
            seen[shares.at(key, number - 1)] += 1
            for value, weight in weights.items():
                assert abs(seen[value] - number * weight / sum(weights.values())) < 3
            if number % whole == 0:
                assert all(seen[v] * whole == number * w // gcd(*weights.values())
                           for v, w in weights.items())  # fmt: skip


class TestTheOption:
    def test_lists_and_weights_become_smallest_whole_numbers(self):
        assert stored({"tone": ["warm", "dry"]}) == {"tone": {"dry": 1, "warm": 1}}
        assert stored({"tone": {"warm": 4, "dry": 2}}) == {"tone": {"dry": 1, "warm": 2}}
        assert stored({"tone": {"a": 0.5, "b": 0.3, "c": 0.2}}) == {
            "tone": {"a": 5, "b": 3, "c": 2}
        }
        assert stored({"tone": {"a": 0.1, "b": 0.2, "c": 0.7}}) == {
            "tone": {"a": 1, "b": 2, "c": 7}
        }
        assert stored({"parts": [2, 3.5]}) == {"parts": {"2": 1, "3.5": 1}}

    def test_a_value_is_one_clean_line(self):
        assert stored({"who": [" a\n nurse ", "\ud800"]}) == {"who": {"a nurse": 1, "\ufffd": 1}}

    def test_ready_made_sets_go_by_their_names(self):
        listed = stored(["tone", "phrasing"])
        assert listed == stored({"phrasing": "ready", "tone": "ready"})
        assert set(listed["tone"]) == set(READY["tone"])
        assert stored("tone") == stored(["tone"])
        assert set(stored({"tone": "ready", "product": ["A", "B"]})) == {"tone", "product"}

    def test_the_ready_made_sets_are_fit_to_be_told(self):
        for name, values in READY.items():
            assert set(stored([name])[name]) == set(values)
            assert all("\n" not in value and not value.endswith(".") for value in values)

    def test_what_it_becomes_is_what_it_was(self):
        for given_ in (["tone"], {"a": [3, 1], "b": {"x": 0.25, "y": 0.75}}):
            assert stored(stored(given_)) == stored(given_)

    def test_many_values_without_weights_are_no_trouble(self):
        assert len(stored({"persona": [f"person {n}" for n in range(5_000)]})["persona"]) == 5_000

    def test_the_same_in_other_words_has_the_same_samples(self):
        one = Poem(attributes={"tone": ["dry", "warm"], "who": {"a": 1, "b": 1}})
        other = Poem(attributes={"who": ["b", "a"], "tone": {"warm": 0.5, "dry": 0.5}})
        assert generator_key(one) == generator_key(other)
        assert one.attribute_combinations.at(b"k", 3) == other.attribute_combinations.at(b"k", 3)
        assert list(one.attribute_combinations.at(b"k", 3)) == ["tone", "who"]

    def test_they_are_part_of_the_id_and_their_absence_is_not(self):
        plain = Poem()
        assert "attributes" not in plain.model_dump()
        keys = {
            generator_key(plain),
            generator_key(Poem(attributes={"tone": ["dry"]})),
            generator_key(Poem(attributes={"tone": ["dry", "warm"]})),
            generator_key(Poem(attributes={"tone": {"dry": 2, "warm": 1}})),
        }
        assert len(keys) == 4

    @pytest.mark.parametrize(
        ("attributes", "said"),
        [
            ({"tone": []}, "there are no values; give at least one"),
            ({"tone": ["dry", "dry"]}, "the value 'dry' stands there twice"),
            ({"tone": [1, "1"]}, "the value '1' stands there twice"),
            ({"tone": ["dry", " "]}, "a value is empty"),
            ({"tone": ["dry", None]}, "a value is a text or a number, not None"),
            ({"tone": [True]}, "not True; put it in quotes"),
            ({"tone": {"dry": 0}}, "the weight of 'dry' is 0; it must be a number above 0"),
            ({"tone": {"dry": -2}}, "the weight of 'dry' is -2"),
            ({"tone": {"dry": "often"}}, "the weight of 'dry' is 'often'"),
            ({"tone": {"dry": True}}, "the weight of 'dry' is True"),
            ({"tone": {"dry": float("nan"), "warm": 1}}, "the weight of 'dry' is nan"),
            ({"tone": {"dry": 0.3333, "warm": 0.6667}}, "weights add up to 10000, and to 1000 at"),
            ({"tone": {"dry": 1e-12, "warm": 1}}, "round them, for instance to two decimals"),
            ({"tone": "dry"}, "expected a list of values, .* or the word `ready`, found 'dry'"),
            ({"": ["dry"]}, "the name '' must begin with a letter"),
            ({"task type": ["a"]}, "the name 'task type' must .*; say 'task_type'"),
            ({1: ["a"]}, "the name 1 must begin with a letter"),
            ({"draws": ["a"]}, "'draws' is an option of this strategy"),
            ({"lines": ["a"]}, "'lines' is an option of this strategy"),
            ({"metre": ["a"]}, "'metre' is an attribute that this strategy sets itself"),
            ({"variant": ["a"]}, "'variant' means something else in a template"),
            ({"items": ["a"]}, "'items' means something else in a template"),
            (["phrasng"], "no ready-made set 'phrasng'; did you mean 'phrasing'"),
            ({"language": "ready"}, "no ready-made set 'language'; there are difficulty, length"),
            (["tone", "tone"], "'tone' is named twice"),
            ([["tone"]], "expected names with their values"),
            (3, "expected names with their values"),
        ],
    )
    def test_bad_input_is_said_in_a_sentence(self, attributes, said):
        with pytest.raises(ValidationError) as caught:
            Poem(attributes=attributes)
        (problem,) = caught.value.errors()
        assert re.search(said, problem["msg"])

    def test_rows_that_exist_keep_their_own(self):
        with pytest.raises(ValidationError, match="keeps the attributes that it came with"):
            Existing(attributes=["tone"])


FRAME = """{% extends "silversmith/_draft.j2" %}
{% block system %}You write.{% endblock %}
{% block brief %}Write one.{% endblock %}
"""


@pytest.fixture
def told(tmp_path, task):
    """What a strategy that fills the frame and nothing else tells the model."""
    (tmp_path / "poem.j2").write_text(FRAME)
    template = Prompts(tmp_path).template("poem")

    def render(variant=0, **attributes):
        values = {"seed": task, "draw": Draw(0, attributes), "variant": variant}
        return template.render(values)[-1]["content"]

    return render


class TestThePrompt:
    def test_attributes_are_told_and_never_read_as_templates(self, told):
        prompt = told(current_mood="{{ 1/0 }} {% bad %}", who="a nurse on a night shift")
        assert "\n- current mood: {{ 1/0 }} {% bad %}\n- who: a nurse on a night shift\n" in prompt
        assert "What follows is fixed" in prompt

    def test_without_attributes_nothing_is_said_of_them(self, told):
        assert "fixed" not in told()

    def test_the_frame_leaves_to_attributes_what_they_settle(self, told):
        for variant in range(10):
            for given_ in ({}, {"tone": "dry"}, {"task": "a poem"}, {"phrasing": "shouted"}):
                prompt = told(variant, **given_)
                assert ("- The instruction asks for" in prompt) == ("task" not in given_)
                assert ("- It is written" in prompt) == ("phrasing" not in given_)
                assert "Where one of these" in prompt
            assert "Where one of these" not in told(variant, task="a poem", phrasing="shouted")

    def test_a_persona_is_not_called_an_expert_by_chance(self, told):
        expert = "by someone who knows the field"
        assert any(expert in told(variant) for variant in range(10))
        assert not any(expert in told(variant, persona="a beginner") for variant in range(10))
