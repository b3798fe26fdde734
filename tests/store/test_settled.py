"""What is settled is read in the dataset's order, from memory or from the journal."""

import pytest

from silversmith.store import Journal, Result, Settled, settled

NOW, EARLIER = b"settings", b"other settings"


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.db") as kept:
        kept.begin([NOW])
        yield kept


def enrol(journal, count):
    return [journal.enrol(place, place.to_bytes(16, "little")) for place in range(count)]


def settle(journal, number, *, settings=NOW, failed=False, transient=False):
    payload = b'{"sample":%d}' % number
    journal.settle(Result(number, settings, failed, transient, None, payload))
    return payload


@pytest.mark.parametrize("room", [0, 40, 1_000])
async def test_the_same_samples_come_from_memory_and_from_the_journal(journal, monkeypatch, room):
    monkeypatch.setattr(settled, "ROOM", room)
    numbers = enrol(journal, 8)
    early = [settle(journal, n) for n in numbers[:2]]  # before anybody listened
    with Settled(journal.path, [NOW], retry_failed=False) as reader:
        journal.on_settled = reader.hear
        late = {n: settle(journal, n) for n in reversed(numbers[3:])}
        assert reader.next(3) is None  # nothing is committed
        journal.flush()
        assert reader.next(3) is None  # the third is not settled
        settle(journal, numbers[2], failed=True)
        journal.flush()
        assert reader.next(3) == [*early, late[numbers[3]]]
        assert reader.place == 3
        assert reader.next(5) is None
        assert reader.next(5, least=5) is None
        assert reader.next(3) == [late[n] for n in numbers[4:7]]
        assert reader.next(5, least=1) == [late[numbers[7]]]  # so few will do
        assert reader.next(5, least=1) is None
        assert reader.place == 7


async def test_what_has_been_read_makes_room_again(journal, monkeypatch):
    monkeypatch.setattr(settled, "ROOM", 40)
    numbers = enrol(journal, 50)
    with Settled(journal.path, [NOW], retry_failed=False) as reader:
        journal.on_settled = reader.hear
        for n in numbers:
            payload = settle(journal, n)
            journal.flush()
            journal._db.execute("UPDATE results SET payload = x'00' WHERE sample = ?", (n,))
            assert reader.next(1) == [payload]  # the journal's own could not be unpacked


@pytest.mark.parametrize(
    ("how", "retry_failed", "reads_on"),
    [
        ({"settings": EARLIER}, False, False),
        ({"failed": True, "transient": True}, False, False),
        ({"failed": True}, True, False),
        ({"failed": True}, False, True),
    ],
)
async def test_it_stops_at_what_is_to_be_settled_again(journal, how, retry_failed, reads_on):
    first, second, third = enrol(journal, 3)
    ours = settle(journal, first)
    settle(journal, second, **how)
    behind = settle(journal, third)
    journal.flush()
    with Settled(journal.path, [NOW], retry_failed=retry_failed) as reader:
        assert reader.next(1) == [ours]
        assert reader.next(1) == ([behind] if reads_on else None)
