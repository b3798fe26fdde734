"""The server: who may come in, what they may ask for, and that nothing else gets past it."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from silversmith.records import Sample
from silversmith.review.store import open_reviews

HIDDEN = ("judgements", "score", "flaw", "chosen")


@pytest.fixture
def page(run_of: Callable[..., Path], gallery: list[Sample], serve: Callable[..., Any]) -> Any:
    """The gallery, served."""
    return serve(run_of(gallery))


def reviewers(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "silversmith", "reviewers", *words, "--run", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_link_lets_in_and_a_session_is_well_kept(page: Any, client: Any) -> None:
    ann = client(page.link)
    assert ann.status == 200
    cookie = ann.set_cookie.lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert ann.me["owner"] is True
    assert client(page.link[:-4] + "aaaa").status == 401
    # Neither the token nor the session's key stands anywhere on disk.
    key = ann.cookie.partition("=")[2]
    for file in page.folder.glob("review.db*"):
        assert page.token.encode() not in file.read_bytes()
        assert key.encode() not in file.read_bytes()
    assert ann.send("POST", "/api/logout", {})[0] == 200
    assert ann.send("GET", "/api/me")[0] == 401


def test_wrong_links_are_soon_told_to_wait(page: Any, client: Any) -> None:
    statuses = [client(f"{page.url}/#{'x' * 40}{n}").status for n in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    assert client(page.link).status == 429


def test_who_is_revoked_is_out_at_once(page: Any, client: Any, invite: Any) -> None:
    link = invite(page.folder, "Ben")
    ben = client(link)
    assert ben.next()
    done = reviewers(page.folder, "revoke", "Ben")
    assert done.returncode == 0, done.stderr
    assert ben.send("POST", "/api/next", {"have": []})[0] == 401
    assert client(link).status == 401
    assert "Ben: 0 verdicts, revoked" in reviewers(page.folder, "list").stdout
    unknown = reviewers(page.folder, "revoke", "Nobody")
    assert unknown.returncode == 1
    assert "There is no reviewer 'Nobody'" in unknown.stderr
    # A new link lets him in again, and the old one does not.
    assert client(invite(page.folder, "Ben")).status == 200
    assert client(link).status == 401


def test_every_reply_tells_the_browser_what_not_to_do(gallery_page: Any, client: Any) -> None:
    ann = client(gallery_page("every_reply_tells_the_bro"))
    for path in ("/", "/page/app.js", "/page/app.css", "/api/me", "/api/openapi.json", "/nowhere"):
        _, _, headers = ann.send("GET", path)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
    assert ann.send("GET", "/api/me")[2]["cache-control"] == "no-store"
    html = ann.send("GET", "/")[1].decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", html)


def test_what_comes_from_another_site_is_refused(gallery_page: Any, client: Any) -> None:
    link = gallery_page("who is lured")
    ann = client(link)
    url, _, token = link.partition("/#")
    body = {"have": []}
    assert ann.send("POST", "/api/next", body)[0] == 200
    assert ann.send("POST", "/api/next", body, x_csrf_token="guessed")[0] == 403
    assert ann.send("POST", "/api/next", body, x_csrf_token="")[0] == 403
    assert ann.send("POST", "/api/next", body, origin="https://evil.example")[0] == 403
    assert ann.send("POST", "/api/next", body, origin="null")[0] == 403
    assert ann.send("POST", "/api/next", body, origin=url)[0] == 200
    login = {"token": token}
    assert ann.send("POST", "/api/login", login, origin="https://evil.example")[0] == 403


def test_a_name_that_was_bent_to_this_address_is_refused(gallery_page: Any, client: Any) -> None:
    link = gallery_page("who is rebound")
    ann = client(link)
    port = ann.host.partition(":")[2]
    assert ann.send("GET", "/api/me", host="rebound.example")[0] == 421
    assert ann.send("GET", "/", host=f"rebound.example:{port}")[0] == 421
    assert ann.send("GET", "/api/me", host=f"localhost:{port}")[0] == 200
    assert ann.send("GET", "/api/me", host="")[0] == 421


def test_a_proxys_name_is_known_by_its_url(
    run_of: Callable[..., Path], gallery: list[Sample], serve: Any, client: Any
) -> None:
    page = serve(run_of(gallery), "--url", "https://review.example.org")
    assert page.link.startswith("https://review.example.org/#")
    direct = re.search(r":(\d+)$", _listening(page)) or pytest.fail("it listens nowhere")
    ann = client(f"http://127.0.0.1:{direct[1]}/#{page.token}")
    assert "secure" in ann.set_cookie.lower()
    body = {"have": []}
    host = {"host": "review.example.org"}
    assert (
        ann.send("POST", "/api/next", body, origin="https://review.example.org", **host)[0] == 200
    )


def _listening(page: Any) -> str:
    """The address on which a process listens, from the system."""
    links = Path(f"/proc/{page.process.pid}/fd").iterdir()
    sockets = {link.readlink().name[8:-1] for link in links if "socket:" in str(link.readlink())}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[9] in sockets and words[3] == "0A":
            return f"127.0.0.1:{int(words[1].rpartition(':')[2], 16)}"
    return ""


def test_a_reviewer_sees_only_what_is_assigned(page: Any, client: Any, invite: Any) -> None:
    ann, ben = client(page.link), client(invite(page.folder, "Ben"))
    hers = ann.next()[0]["item"]
    his = ben.next()[0]["item"]
    assert ben.send("GET", f"/api/items/{his}")[0] == 200
    for path in (f"/api/items/{hers}", "/api/items/none"):
        assert ben.send("GET", path)[0] == 404
    assert ben.send("POST", f"/api/items/{hers}/reveal", {})[0] == 404
    refused = ben.decide({"item": hers})
    assert refused["state"] == "refused"
    assert "not yours" in refused["why"]
    assert ben.decide({"item": his}, settles=True)["state"] == "refused"
    for method, path, body in (
        ("GET", "/api/owner", None),
        ("GET", f"/api/owner/items/{his}", None),
        ("POST", "/api/owner/reasons", {"name": "x"}),
    ):
        assert ben.send(method, path, body)[0] == 403
    assert ann.send("GET", "/api/owner")[0] == 200
    for path in ("/api/me", "/api/owner", f"/api/items/{his}"):
        assert client(page.url + "/#none").send("GET", path)[0] == 401


def test_nothing_that_would_decide_is_sent_before_the_decision(page: Any, client: Any) -> None:
    ann = client(page.link)
    seen = 0
    while views := ann.next():
        for view in views:
            assert not set(HIDDEN) & view.keys()
            text = json.dumps(view, ensure_ascii=False)
            assert "rationale" not in text
            if view["sides"]:
                seen += 1
                assert "wrong_number" not in text
                assert "gave_in" not in text
                assert "made_up" not in text
            ann.decide(view)
            told = ann.post(f"/api/items/{view['item']}/reveal", {})
            assert told["judgements"]
            assert ("flaw" in told) == bool(view["sides"])
    assert seen == 4
    with open_reviews(page.folder) as store:
        assert not any(one.scores_shown for one in store.verdicts())
    # Who takes it back afterwards has seen the scores, whatever their page says.
    undo = {"id": "u" * 32, "item": view["item"], "verdict": "undo", "undoes": ann.last["id"]}
    assert ann.post("/api/verdicts", {"entries": [undo]})["results"][0]["state"] == "stored"
    ann.decide(view, "reject")
    with open_reviews(page.folder) as store:
        assert [one.item for one in store.verdicts() if one.scores_shown] == [view["item"]]


def test_scores_are_shown_where_the_owner_wants_it(
    run_of: Callable[..., Path], gallery: list[Sample], serve: Any, client: Any
) -> None:
    ann = client(serve(run_of(gallery), "--show-scores").link)
    view = ann.next()[0]
    assert view["judgements"]
    assert view["scores_shown"] is True


def test_no_path_from_outside_is_opened(gallery_page: Any, client: Any) -> None:
    ann = client(gallery_page("no_path_from_outside_is_o"))
    for path in (
        "/page/../server.py", "/page/%2e%2e/server.py", "/page/..%2fserver.py", "/page//etc/hosts",
        "/page/vendor/../../tables.py", "/page/guidelines.md", "/page/", "/page/%00", "//etc/hosts",
    ):  # fmt: skip
        assert ann.send("GET", path)[0] == 404, path


def test_requests_that_make_no_sense_are_said_to(gallery_page: Any, client: Any) -> None:
    ann = client(gallery_page("requests_that_make_no_sen"))
    item = ann.next()[0]["item"]
    good = {"id": "a" * 32, "item": item, "verdict": "accept"}
    for change, words in (
        ({"verdict": "maybe"}, "verdict"),
        ({"seconds": -1}, "seconds"),
        ({"id": "../../etc"}, "id"),
        ({"item": "'; DROP TABLE review_log; --"}, "item"),
        ({"reviewer": "ann"}, "reviewer"),
        ({"text": "x" * 20_001}, "text"),
        ({"wrong_steps": [-1]}, "wrong_steps"),
        ({"decided": "yesterday"}, "decided"),
    ):
        status, found, _ = ann.send("POST", "/api/verdicts", {"entries": [good | change]})
        assert status == 422
        assert words in found["error"]
    assert ann.send("POST", "/api/verdicts", {"entries": [good] * 51})[0] == 422
    assert ann.send("POST", "/api/verdicts", "x" * (9 * 1024 * 1024))[0] == 413
    assert ann.send("GET", f"/api/items/{'y' * 65}")[0] == 422


def test_a_fix_that_breaks_the_sample_is_refused(page: Any, client: Any) -> None:
    ann = client(page.link)
    views = {view["strategy"]: view for _ in range(4) for view in _skip(ann)}
    kinds = {"instruction", "domain", "reasoning", "conversation"}
    assert kinds <= views.keys()

    def fix(view: dict[str, Any], **fixed: Any) -> dict[str, Any]:
        return dict(ann.decide(view, "fix", fixed=fixed))

    said = views["conversation"]
    turns = json.loads(json.dumps(said["messages"]))
    assert "roles" in fix(said, messages=turns[:-1])["why"]
    turns[2]["content"] = " "
    assert fix(said, messages=turns)["why"].startswith("messages.2: is empty")
    turns[2] |= {"content": "€80.", "depends_on": [5]}
    assert "does not come before" in fix(said, messages=turns)["why"]
    assert "nothing was changed" in fix(said, messages=said["messages"])["why"]
    assert "cannot be mended" in fix(said, id="other")["why"]
    assert "cannot be mended" in fix(said, judgements=[])["why"]
    assert "nothing was changed" in ann.decide(said, "fix")["why"]
    turns[2]["depends_on"] = [1]
    assert fix(said, messages=turns) == {
        "id": ann.last["id"], "state": "stored", "verdict": "fix",
    }  # fmt: skip


def test_a_fix_is_held_against_json_quotes_and_constraints(
    run_of: Callable[..., Path], gallery: list[Sample]
) -> None:
    from silversmith.errors import ReviewError
    from silversmith.review.fixes import mend

    labelled, asked = gallery[2], gallery[0]
    turns = [{"role": turn.role, "content": turn.content} for turn in labelled.messages]
    turns[1]["content"] = turns[1]["content"][:-2]
    with pytest.raises(ReviewError, match=r"messages\.1: is no JSON any more"):
        mend(labelled, {"messages": turns})
    spans = [
        {"label": span.label, "start": span.start, "end": span.end, "quote": span.quote}
        for span in labelled.spans
    ]
    spans[0]["quote"] = "Helmets are lent free of charge"
    placed = mend(labelled, {"spans": spans}).spans[0]
    assert labelled.passage is not None
    assert labelled.passage.text[placed.start : placed.end] == placed.quote
    spans[0]["quote"] = "Helmets are expensive"
    with pytest.raises(ReviewError, match=r"spans\.0: does not stand in the passage"):
        mend(labelled, {"spans": spans})
    turns = [{"role": turn.role, "content": turn.content} for turn in asked.messages]
    turns[2]["content"] += " Bye."
    with pytest.raises(ReviewError, match="breaks its constraint startend:end_checker"):
        mend(asked, {"messages": turns})


def _skip(ann: Any) -> list[dict[str, Any]]:
    views = ann.next()
    for view in views:
        ann.decide(view, "skip")
    return list(views)


def test_the_owner_sees_how_people_agree_and_settles(
    run_of: Callable[..., Path], some: Any, serve: Any, client: Any, invite: Any
) -> None:
    page = serve(run_of(some(10), overlap=1.0))
    owner = client(page.link)
    ann, ben = (client(invite(page.folder, name)) for name in ("Ann", "Ben"))
    assert len(ann.work()) == 10
    ben.work(most=3, verdict="reject")
    ben.work()
    found = owner.get("/api/owner")
    assert found["totals"] == {"items": 10, "decided": 10}
    assert found["agreement"]["items"] == 10
    assert [point["items"] for point in found["agreement"]["points"]] == list(range(1, 11))
    assert found["agreement"]["points"][-1]["same"] == pytest.approx(0.7)
    assert len(found["disputed"]) == 3
    times = {one["name"]: one["seconds"] for one in found["people"]}
    assert times["Ann"] == 2.5
    item = found["disputed"][0]["item"]
    assert owner.get(f"/api/owner/items/{item}")["view"]["item"] == item
    settled = owner.decide({"item": item}, "reject", settles=True, reason="incomplete")
    assert settled["state"] == "stored"
    found = owner.get("/api/owner")
    assert len(found["disputed"]) == 2
    assert found["settled"] == 1
    assert owner.post("/api/owner/reasons", {"name": "too  long"})["reasons"][-1] == "too long"
    assert "too long" in ann.get("/api/me")["reasons"]


def test_a_server_that_is_killed_goes_on_where_it_was(
    run_of: Callable[..., Path], some: Any, serve: Any, client: Any, invite: Any
) -> None:
    folder = run_of(some(30))
    page = serve(folder)
    link = invite(folder, "Ben")
    ben = client(link)
    views = ben.next()
    assert ben.decide(views[0])["state"] == "stored"
    before = ben.last
    page.stop(signal.SIGKILL)
    again = serve(folder, "--port", page.port)
    assert again.port == page.port
    # The same session goes on; what was stored is not stored again; the same items are his.
    assert ben.post("/api/verdicts", {"entries": [before]})["results"][0]["state"] == "stored"
    assert [view["item"] for view in ben.next()][:3] == [view["item"] for view in views[1:]]
    assert ben.get("/api/me")["progress"] == {"decided": 1, "skipped": 0}
    with sqlite3.connect(folder / "review.db") as db:
        assert db.execute("SELECT count(*) FROM review_log").fetchone() == (1,)
    assert again.stop() == 0


def test_schemathesis_finds_no_server_error(page: Any, client: Any) -> None:
    """Against the OpenAPI document that the server gives, with an owner's session."""
    ann = client(page.link)
    ann.next()
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{page.url}/api/openapi.json",
        "--checks", "not_a_server_error", "--max-examples", "20", "--phases", "fuzzing",
        "-H", f"Cookie: {ann.cookie}", "-H", f"X-CSRF-Token: {ann.csrf}", "--seed", "1",
        "--exclude-path", "/api/logout",
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=page.folder, timeout=240
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "/api/verdicts" in json.dumps(ann.get("/api/openapi.json"))
    assert ann.send("GET", "/api/me")[0] == 200
