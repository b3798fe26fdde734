"""Every fault of an endpoint: the files are those of a run that met none of the passing ones."""

PASSING = {
    "error_500": 0.1,
    "hang": 0.05,
    "reset": 0.03,
    "cut": 0.03,
    "truncated": 0.03,
    "no_choices": 0.03,
    "error_object": 0.03,
    "bad_gateway": 0.02,
    "limited": 0.005,
    "limited_date": 0.005,
    "limited_bare": 0.005,
}
LASTING = {"empty": 0.04, "more_choices": 0.04, "invalid_utf8": 0.04}
LASTING |= {"huge": 0.02, "huge_text": 0.02, "long": 0.02}


def assert_whole(dataset, samples):
    """Nothing lost, nothing doubled, nothing invented."""
    rows = [row for part in dataset.values() for row in part]
    assert len(rows) == len({row["id"] for row in rows}) == samples
    for row in (*dataset["kept"], *dataset["dropped"]):
        assert row["messages"]
        assert all(message["content"] for message in row["messages"])
        assert row["score"] is not None
        assert row["judgements"]
    for row in dataset["failed"]:
        assert row["failure"]["reason"]


def test_everything_at_once(work, simulate, faulty):
    proxy = faulty(simulate(malformed_rate=0.1, flawed=0.3).url, **LASTING)
    work.write(proxy.url, samples=40, timeout=3.0)
    assert work.finish("undisturbed").startswith("40 planned = ")
    assert set(proxy.stats()["faults"]) >= {"empty", "more_choices", "invalid_utf8"}

    proxy.rates(**LASTING, **PASSING)
    assert "+ 0 pending" in work.finish("disturbed")

    stats = proxy.stats()
    assert len(stats["faults"]) >= 7
    assert stats["delivered_again"] == 0
    assert_whole(work.dataset("disturbed"), 40)
    assert work.dataset("disturbed") == work.dataset("undisturbed")


def test_storms_and_an_outage_that_pass(work, simulate, faulty):
    """429 with and without Retry-After for a while, then nobody there, all in one run."""
    proxy = faulty(simulate(latency_ms=20).url)
    work.write(proxy.url, samples=40)
    run = work.start("out")
    proxy.wait(20, run)
    for kind in ("limited", "limited_bare"):
        proxy.rates(**{kind: 1.0})
        proxy.wait(4, run)
        assert proxy.stats()["faults"][kind] >= 4
    proxy.rates()
    proxy.outage(2)
    _, said = run.communicate(timeout=60)

    assert run.returncode == 0, said
    assert work.manifest("out")["books"]["failed"] == 0
    work.finish("undisturbed")
    assert work.dataset("out") == work.dataset("undisturbed")
