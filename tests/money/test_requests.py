"""Requests that fail or are repeated are counted, by model and reason, over all runs of a
folder."""

from silversmith import Books
from silversmith.cli.live import plain_line


def model(server, **options):
    return {"writer": {"model": "m", "base_url": server.url, "concurrency": 16, **options}}


def test_failed_and_repeated_requests_are_counted_over_all_runs(simulate, recipe, tmp_path):
    server = simulate(fail_rate=0.15)
    books = Books()

    first = recipe(models=model(server), limit=20).run(tmp_path / "run", books=books)
    second = recipe(models=model(server), limit=40).run(tmp_path / "run")

    stats = server.stats()
    counted = second.manifest["requests"]["writer"]
    assert counted["sent"] == stats["received"]
    assert counted["answered"] == stats["ok"]
    assert counted["failed"] == counted["repeated"] == stats["failed_500"]
    assert counted["reasons"] == {"HTTP 500": stats["failed_500"]}
    retries = [report.manifest["this_run"]["retries"] for report in (first, second)]
    assert min(retries) > 0
    assert sum(retries) == counted["repeated"]
    assert f"{retries[0]} requests repeated ({retries[0]} × HTTP 500)" in plain_line(books, 1.0)
    replies = sum(one["calls"] for one in second.manifest["usage"])
    assert counted["answered"] == replies + 2  # each run opened its connection with one


def test_a_request_without_a_reply_counts_as_a_call(simulate, recipe, tmp_path):
    server = simulate(fail_rate=0.3)

    report = recipe(models=model(server), limits={"max_calls": 60}).run(tmp_path / "run")

    counted = report.manifest["requests"]["writer"]
    replies = sum(one["calls"] for one in report.manifest["usage"])
    assert report.exit_status == 3
    assert replies < 60
    assert 60 <= replies + counted["failed"] <= 60 + 2 * 16
    assert f"max_calls reached ({replies + counted['failed']} requests made)" in str(
        report.stopped_by
    )


def test_what_failed_before_counts_when_the_run_goes_on(simulate, recipe, tmp_path):
    server = simulate(fail_rate=0.3)
    recipe(models=model(server), limit=20).run(tmp_path / "run")
    before = server.stats()

    report = recipe(models=model(server), limits={"max_calls": before["received"] - 1}).run(
        tmp_path / "run"
    )

    assert report.manifest["this_run"]["calls"] == 0
    assert server.stats()["received"] == before["received"]
