"""Rows that come again are told apart, without remembering much of each."""

import hashlib
import random
import sys
from collections import Counter

from silversmith.pipeline.occurrences import Occurrences


def test_each_thing_is_counted_by_itself():
    rng = random.Random(1)
    found, plain = Occurrences(), Counter()
    for _ in range(20_000):
        thing = rng.randrange(8_000)
        hash_ = hashlib.blake2b(str(thing).encode(), digest_size=16).digest()
        assert found.before(hash_) == plain[thing]
        plain[thing] += 1


def test_a_hash_of_zeros_is_a_thing_too():
    found = Occurrences()
    assert [found.before(bytes(16)) for _ in range(3)] == [0, 1, 2]


def test_it_remembers_few_bytes_of_each():
    found, count = Occurrences(), 100_000
    for number in range(count):
        found.before(hashlib.blake2b(str(number).encode(), digest_size=16).digest())
    assert sys.getsizeof(found._slots) < 25 * count
