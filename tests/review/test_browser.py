"""Whole sessions on the page, in a real browser."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from silversmith import records as r
from silversmith.records import Sample
from silversmith.review.store import open_reviews

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


class Screen:
    """A person's browser, with nothing in it that another one left.

    Attributes:
        page: Playwright's.
        faults: what the page's scripts failed with, and what its policy stopped.
        elsewhere: requests to other hosts than the page's.
    """

    def __init__(self, browser: Any, link: str, **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": LAPTOP, **options})
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.faults: list[str] = []
        self.elsewhere: list[str] = []
        host = link.partition("/#")[0]
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda box: self.faults.append(f"dialog: {box.message}"))
        self.page.on(
            "console",
            lambda said: (
                self.faults.append(said.text)
                if said.type == "error" and "Failed to load resource" not in said.text
                else None
            ),
        )
        self.page.on(
            "request",
            lambda request: (
                None if request.url.startswith(host) else self.elsewhere.append(request.url)
            ),
        )
        self.page.goto(link)

    def wait(self) -> Screen:
        """Until a sample is there."""
        self.page.wait_for_selector(".sample")
        return self

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def strategy(self) -> str:
        return str(self.page.inner_text(".sample-title .strategy"))

    @property
    def text(self) -> str:
        return str(self.page.inner_text("main"))

    def saved(self) -> None:
        """Until the server has everything."""
        self.page.wait_for_function(
            "() => document.querySelector('.connection').textContent === 'Saved'"
            " && !Object.keys(localStorage).some((name) => name.includes('/out/'))"
        )

    @property
    def item(self) -> str:
        return str(self.page.get_attribute("main", "data-item"))

    def press_on(self, *keys: str) -> None:
        """Press keys that decide, and wait until something else is shown."""
        before = self.item
        self.press(*keys)
        self.moved(before)

    def moved(self, before: str) -> None:
        self.page.wait_for_function(
            "item => document.querySelector('main').dataset.item !== item", arg=before
        )

    def says(self, words: str) -> None:
        """Until the line about the connection begins with these words."""
        self.page.wait_for_function(
            "words => document.querySelector('.connection').textContent.startsWith(words)",
            arg=words,
        )

    def until(self, words: str) -> None:
        """Until the sample with these words is shown."""
        self.page.wait_for_function(
            "words => document.querySelector('main').innerText.includes(words)", arg=words
        )

    def lookup(self, words: str) -> None:
        """Take back what was skipped, and look for the sample with these words."""
        while self.item and words not in self.text:
            self.press_on("s")
        if not self.item:
            self.page.click("text=Look again")
            self.page.wait_for_selector(".sample")
            self.find(words)

    def find(self, words: str) -> None:
        """Skip until the sample with these words is shown."""
        for _ in range(30):
            if words in self.text:
                return
            self.press_on("s")
        raise AssertionError(f"no sample with {words!r}")


@pytest.fixture
def screen(browser: Any) -> Iterator[Callable[..., Screen]]:
    opened: list[Screen] = []

    def make(link: str, **options: Any) -> Screen:
        opened.append(Screen(browser, link, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.context.close()


def verdicts(folder: Path) -> list[Any]:
    with open_reviews(folder) as store:
        return store.verdicts()


def test_a_whole_session_by_keyboard(
    run_of: Callable[..., Path], gallery: list[Sample], serve: Any, screen: Any
) -> None:
    folder = run_of(gallery)
    here = screen(serve(folder, "--as", "ann").link).wait()
    assert "#" not in here.page.url  # the token is gone from the address
    by_item: dict[str, Sample] = {}
    expected: dict[str, str] = {}
    said = iter(["accept", "reject", "fix"] * 10)
    for number in range(len(gallery)):
        here.page.wait_for_selector(".sample")
        text = here.text
        sample = next(one for one in gallery if _stands(one, text))
        before = here.item
        if sample.rejected:
            first = here.page.inner_text(".side >> nth=0")
            here.press("1")
            right = _plain(sample.response) in _plain(first)
            expected[sample.id] = "accept" if right else "reject"
        elif (way := next(said)) == "accept":
            here.press("a")
            expected[sample.id] = "accept"
        elif way == "reject":
            here.press("r")
            here.page.wait_for_selector(".reasons")
            here.press("2")
            expected[sample.id] = "reject"
        else:
            here.press("f")
            box = here.page.locator("textarea[data-path^='messages.']").first
            box.fill("Mended: " + box.input_value())
            here.press("Control+Enter")
            expected[sample.id] = "fix"
        by_item[sample.id] = sample
        here.moved(before)
        assert number < 20
    here.until("Nothing is left for you")
    here.saved()
    found = {one.sample: one for one in verdicts(folder)}
    assert {name: one.verdict for name, one in found.items()} == expected
    assert {one.reviewer for one in found.values()} == {"ann"}
    for one in found.values():
        assert re.fullmatch(r"[0-9a-f]{32}", one.shown)
        if one.verdict == "fix":
            assert "Mended: " in one.fixed
        if one.verdict == "reject" and not by_item[one.sample].rejected:
            assert one.reason == "does not do what is asked"
    assert here.faults == []
    assert here.elsewhere == []


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", text)


def _stands(sample: Sample, text: str) -> bool:
    return _plain(sample.instruction)[:40] in _plain(text)


def test_undo_brings_back_what_was_decided_and_typed(
    run_of: Callable[..., Path], some: Any, serve: Any, screen: Any
) -> None:
    folder = run_of(some(5))
    here = screen(serve(folder).link).wait()
    first = here.text
    here.press("r")
    here.page.fill(".reject-text textarea", "It is not what it says")
    here.press_on("Enter")
    here.press_on("a")
    here.press_on("u")
    here.press_on("u")
    assert here.text == first
    here.press("r")
    assert here.page.input_value(".reject-text textarea") == "It is not what it says"
    here.press("Escape")
    here.press("a")
    here.saved()
    (one,) = verdicts(folder)
    assert one.verdict == "accept"
    with sqlite3.connect(folder / "review.db") as db:
        log = db.execute("SELECT kind FROM review_log ORDER BY seq").fetchall()
    assert [kind for (kind,) in log] == ["verdict", "verdict", "undo", "undo", "verdict"]


def test_what_is_typed_outlives_a_reload(gallery_page: Callable[..., str], screen: Any) -> None:
    here = screen(gallery_page("who types")).wait()
    here.find("Two bicycles are hired")
    here.press("n", "n", "w")
    assert here.page.get_attribute(".step >> nth=1 >> button", "aria-pressed") == "true"
    here.press("r")
    here.page.fill(".reject-text textarea", "The second step is not said")
    here.page.reload()
    here.wait()
    assert here.page.get_attribute(".step >> nth=1 >> button", "aria-pressed") == "true"
    assert here.page.input_value(".reject-text textarea") == "The second step is not said"
    here.press("Escape")
    here.press("f")
    here.page.fill("textarea[data-path='answer']", "57 euros")
    here.page.reload()
    here.page.wait_for_selector(".mending")
    assert here.page.input_value("textarea[data-path='answer']") == "57 euros"
    here.page.locator("textarea[data-path='answer']").press("Control+Enter")
    here.saved()


def test_a_lost_connection_loses_and_doubles_nothing(
    run_of: Callable[..., Path], some: Any, serve: Any, screen: Any
) -> None:
    folder = run_of(some(12))
    here = screen(serve(folder).link).wait()
    here.press("a")
    here.saved()
    here.page.wait_for_timeout(300)  # the next ones are fetched
    here.context.set_offline(True)
    for _ in range(3):
        here.press_on("a")
    here.says("Offline: 3")
    assert len(verdicts(folder)) == 1
    here.context.set_offline(False)
    here.saved()
    assert len(verdicts(folder)) == 4
    # A lid that is closed right after a key, with the reply never seen: the same again.
    here.wait()
    here.page.route("**/api/verdicts", lambda route: (route.fetch(), route.abort())[1])
    here.press("a")
    here.page.wait_for_timeout(400)
    here.page.unroute_all(behavior="ignoreErrors")
    here.page.reload()
    here.wait()
    here.saved()
    found = verdicts(folder)
    assert len(found) == 5
    assert len({one.item for one in found}) == 5
    with sqlite3.connect(folder / "review.db") as db:
        assert db.execute("SELECT count(*), count(DISTINCT id) FROM review_log").fetchone() == (
            5,
            5,
        )


def test_a_server_killed_in_mid_review_is_not_noticed(
    run_of: Callable[..., Path], some: Any, serve: Any, screen: Any
) -> None:
    folder = run_of(some(10))
    page = serve(folder)
    here = screen(page.link).wait()
    here.press("a")
    here.saved()
    here.page.wait_for_timeout(300)
    page.stop(signal.SIGKILL)
    here.press("a")
    here.page.wait_for_timeout(100)
    here.press("a")
    here.says("Offline: 2")
    serve(folder, "--port", page.port)
    here.saved()
    for _ in range(7):
        here.page.wait_for_selector(".sample")
        here.press_on("a")
    here.until("Nothing is left for you")
    here.saved()
    found = verdicts(folder)
    assert len(found) == len({one.item for one in found}) == 10


def test_two_browsers_at_once(
    run_of: Callable[..., Path], some: Any, serve: Any, screen: Any, invite: Any
) -> None:
    folder = run_of(some(16), overlap=0.25)
    page = serve(folder)
    ann, ben = (screen(invite(folder, name)) for name in ("Ann", "Ben"))
    for here in (ann, ben):
        here.wait()
    left = [ann, ben]
    for _ in range(60):
        for here in list(left):
            if "Nothing is left" in here.text:
                left.remove(here)
            elif here.item:
                before = here.item
                here.press(*("a" if here is ann else "r1"))
                here.moved(before)
        if not left:
            break
    assert not left
    ann.saved()
    ben.saved()
    found = verdicts(folder)
    assert len(found) == 16 + 4
    several = [one.item for one in found if one.reviewer == "Ann"]
    assert len(set(several) & {one.item for one in found if one.reviewer == "Ben"}) == 4
    # The owner sees that they disagree on these, and settles one.
    owner = screen(page.link)
    owner.page.wait_for_selector("main")
    owner.page.goto(page.url + "/#owner")
    owner.page.wait_for_selector(".dispute")
    assert owner.page.locator(".dispute").count() == 4
    owner.page.locator(".dispute").first.click()
    owner.page.click("text=It is not")
    owner.page.wait_for_function("() => document.querySelectorAll('.dispute').length === 3")
    assert any(one.settles and one.verdict == "reject" for one in verdicts(folder))
    # Neither of the others gets there.
    ben.page.goto(page.url + "/#owner")
    ben.page.wait_for_selector(".reviewing")


def test_a_pair_does_not_say_which_half_is_meant(
    run_of: Callable[..., Path], gallery: list[Sample], serve: Any, screen: Any
) -> None:
    pairs = [one.with_(id=f"{n:032x}") for n, one in enumerate([gallery[6]] * 8, start=1)]
    here = screen(serve(run_of(pairs)).link).wait()
    first = set()
    for _ in range(8):
        html = here.page.inner_html("main")
        for word in ("chosen", "rejected", "wrong_number", "wrong number"):
            assert word not in html
        marks = here.page.locator("mark.differs").all_inner_texts()
        assert sorted(marks) == ["813", "913"]
        first.add(marks[0])
        here.press_on("1")
    assert first == {"813", "913"}
    here.page.wait_for_selector(".finished")
    here.press("j")
    here.page.wait_for_selector("dialog .judgements")
    assert "Planted flaw: wrong number" in here.page.inner_text("dialog")


def test_a_fix_that_is_refused_comes_back_with_what_was_typed(
    run_of: Callable[..., Path], gallery: list[Sample], serve: Any, screen: Any
) -> None:
    folder = run_of([gallery[2], gallery[4]])
    here = screen(serve(folder).link).wait()
    here.find("Mark what the passage says")
    here.press("f")
    box = here.page.locator("textarea[data-path='messages.1.content']")
    broken = box.input_value()[:-1]
    box.fill(broken)
    box.press("Control+Enter")
    here.page.wait_for_selector(".trouble >> text=is no JSON any more")
    assert here.page.input_value("textarea[data-path='messages.1.content']") == broken
    box.fill(broken + "}")
    here.page.locator("textarea[data-path='spans.1.quote']").fill("within five working")
    box.press("Control+Enter")
    here.saved()
    assert [one.verdict for one in verdicts(folder) if one.verdict != "skip"] == ["fix"]


def test_other_scripts_are_drawn_right(gallery_page: Callable[..., str], screen: Any) -> None:
    here = screen(gallery_page("who reads Arabic")).wait()
    direction = "node => getComputedStyle(node).direction"
    here.find("اكتب")
    arabic = here.page.locator(".turn.assistant .text")
    assert arabic.get_attribute("lang") == "ar"
    assert arabic.locator("p").first.evaluate(direction) == "rtl"
    assert arabic.locator("code").evaluate(direction) == "ltr"
    assert here.page.locator("header.top").evaluate(direction) == "ltr"
    here.press("m", "m")
    for words, name in (("押金", "zh"), ("自転車", "ja")):
        here.lookup(words)
        assert here.page.locator(f".text[lang={name}]").count()
        if name == "zh":
            assert here.page.locator("mark.differs").all_inner_texts() == ["十"]


def test_skipped_samples_come_again_though_the_page_is_just_asking_for_new_ones(
    gallery_page: Callable[..., str], screen: Any
) -> None:
    here = screen(gallery_page("who skips all")).wait()
    here.page.clock.install()
    here.page.reload()
    here.wait()
    while here.item:
        here.press_on("s")
    here.page.route("**/api/next", lambda route: (time.sleep(1), route.continue_())[1], times=1)
    here.page.clock.fast_forward(15_000)  # it looks for new ones by itself
    here.page.click("text=Look again")
    here.page.wait_for_selector(".sample")


def test_who_is_faster_than_the_network_sees_every_sample_once(
    gallery_page: Callable[..., str], screen: Any, gallery: list[Sample]
) -> None:
    here = screen(gallery_page("who hurries")).wait()
    here.page.route("**/api/verdicts", lambda route: (time.sleep(0.3), route.continue_())[1])
    seen = []
    while here.item:
        seen.append(here.item)
        here.press_on("s")
    assert len(seen) == len(set(seen)) == len(gallery) + 1
    here.page.unroute("**/api/verdicts")
    here.page.click(f"text=Look again at the {len(seen)}", timeout=5_000)
    here.wait()


def test_markdown_code_and_formulas(gallery_page: Callable[..., str], screen: Any) -> None:
    here = screen(gallery_page("who reads formulas")).wait()
    here.find("Two bicycles are hired")
    here.page.wait_for_selector(".turn math munderover, .turn math munder, .turn math mrow")
    assert here.page.locator(".turn.assistant math").count() >= 6
    here.lookup("自転車")
    assert "def refund_by" in here.page.inner_text("pre.code")
    assert here.page.locator(".turn table th").count() == 2
    here.press("m")
    assert "```python" in here.page.inner_text(".turn.assistant .plain")
    here.press("m")
    here.lookup("Costs?")
    text = here.page.locator(".turn.assistant .text")
    assert "From $5 to $10." in text.inner_text()
    assert "<b>not bold</b>" in text.inner_text()
    assert text.locator("math").count() == 0
    assert text.locator("em").inner_text() == "word"
    assert text.locator("a").all_inner_texts() == ["site"]
    assert "noopener" in str(text.locator("a").get_attribute("rel"))
    assert "javascript:alert(1)" in text.inner_text()


@pytest.mark.parametrize(("size", "scheme"), [(LAPTOP, "light"), (PHONE, "dark")])
def test_axe_finds_nothing_serious(
    gallery_page: Callable[..., str], screen: Any, size: Any, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    script = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    link = gallery_page(f"axe {scheme}", owner=True)
    here = screen(link, viewport=size, color_scheme=scheme, has_touch=size == PHONE).wait()
    # The page's policy lets no script in; this one comes through the debugger.
    here.page.evaluate(script)

    def look(where: str) -> None:
        # All rules once; the other colours and the other size can only break these.
        rules = "" if scheme == "light" else "runOnly: ['color-contrast', 'target-size'],"
        run = f"axe.run({{{rules} resultTypes: ['violations']}})"
        found = here.page.evaluate(run)["violations"]
        bad = [
            f"{one['impact']} {one['id']}: {node['target']} {node['failureSummary']}"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
        assert bad == [], where

    while here.item:
        look(here.strategy)
        here.press_on("s")
    look("the end")
    here.press("u")
    here.wait()
    here.press("r")
    here.page.wait_for_selector(".rejecting")
    look("rejecting")
    here.press("Escape")
    here.press("f")
    here.page.wait_for_selector(".mending")
    look("mending")
    here.press("Escape")
    here.press("?")
    look("keys")
    here.press("Escape")
    here.page.goto(link.partition("#")[0] + "#owner")
    here.page.wait_for_selector(".figures")
    look("the owner's page")
    # Nothing is cut off or to be scrolled sideways.
    assert here.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert here.faults == []


def test_every_action_has_a_key_that_the_list_shows(
    gallery_page: Callable[..., str], screen: Any
) -> None:
    here = screen(gallery_page("who has keys")).wait()
    here.find("Two bicycles are hired")
    here.press("?")
    shown = here.page.inner_text("dialog")
    for words in ("accept", "reject", "fix", "skip", "undo", "mark the step", "guidelines"):
        assert words in shown
    here.press("Escape")
    # All of it can be reached with Tab as well.
    reached = set()
    for _ in range(40):
        here.press("Tab")
        reached.add(here.page.evaluate("document.activeElement.dataset.act"))
    assert {"Accept", "Reject", "Fix", "Skip", "Undo"} <= reached
    # Whoever needs single keys for something else switches them off.
    here.press("?")
    here.page.uncheck("#single-keys")
    here.press("Escape")
    here.press("a")
    here.page.wait_for_timeout(150)
    assert here.page.query_selector(".sample")


def test_on_a_phone_by_touch(
    run_of: Callable[..., Path], gallery: list[Sample], serve: Any, screen: Any
) -> None:
    folder = run_of(gallery)
    here = screen(serve(folder).link, viewport=PHONE, has_touch=True, is_mobile=True).wait()
    for _ in gallery:
        here.page.wait_for_selector(".sample")
        assert here.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for button in here.page.locator(".act-button").all():
            box = button.bounding_box()
            assert box
            assert box["height"] >= 44
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE["width"]
        before = here.item
        here.page.locator(".act-button").first.tap()
        here.moved(before)
    here.until("Nothing is left for you")
    here.saved()
    assert len(verdicts(folder)) == len(gallery)


PAYLOADS = [
    "<script>hit()</script>",
    "<img src=x onerror=hit()>",
    "<svg onload=hit()><animate onbegin=hit() attributeName=x>",
    "<iframe srcdoc='<script>parent.hit()</script>'></iframe>",
    "[a](javascript:hit())",
    "[b](  JaVaScRiPt:hit() )",
    "[c](data:text/html,<script>hit()</script>)",
    "![d](https://elsewhere.example/pixel.png)",
    "<https://elsewhere.example/><a href=javascript:hit()>e</a>",
    "$\\href{javascript:hit()}{x}$ $$\\includegraphics{https://elsewhere.example/y.png}$$",
    "$\\htmlData{onclick=hit()}{x}$ $\\style{background:url(https://elsewhere.example)}{x}$",
    "```<script>\n<script>hit()</script>\n```",
    "'\"><style>@import 'https://elsewhere.example/z.css'</style><details open ontoggle=hit()>",
    "</textarea><script>hit()</script><textarea>",
    "</title></style></script><body onload=hit()>",
    "{{constructor.constructor('hit()')()}} ${hit()}",
    "<math><mtext></mtext><mglyph><style><img src onerror=hit()></style></mglyph></math>",
    "__proto__ constructor <form action=javascript:hit()><input autofocus onfocus=hit()>",
    "| a | b |\n|---|---|\n| <img src=x onerror=hit()> | `<script>hit()</script>` |",
    "\u202e<script>hit()</script>\u2066 \u0085\u2028",
]


LIVE = [
    "script", "iframe", "object", "img", "style", "form", "[onerror]", "[onload]", "[onclick]",
    "[style]", "a:not([href^=http])",
]  # fmt: skip
"""Elements that no text may become."""


def _poisoned(number: int, text: str) -> list[Sample]:
    """Samples in which every field is this text."""
    turns = (
        r.Turn("system", text),
        r.Turn("user", text, text, (0,), (r.Mention(text, 0, text),)),
        r.Turn("assistant", text, text, (1,)),
    )
    every: dict[str, Any] = {
        "messages": turns,
        "answer": text,
        "steps": (r.Step(text), r.Step(text, "wrong")),
        "constraints": (r.Constraint(text, text, True), r.Constraint("a:b", '{"k": "v"}')),
        "labels": (text, f"a/{text}"),
        "passage": r.Passage(source=text, start=0, end=9, text=text, heading=text),
        "spans": (r.Span(text, 0, min(9, len(text)), text), r.Span(text, 5, 10_000, text)),
        "flow": r.Flow(
            (r.Node(text, text, text), r.Node("n", "fix", text)),
            (r.Edge(text, "n", text), r.Edge("n", text, text)),
        ),
        "attributes": (r.Attribute(text, text),),
        "checks": (r.Check(text, False, text),),
        "judgements": (r.Judgement(text, text, text, 0.5, 3, text),),
        "score": 0.5,
        "strategy": text,
        "seed": r.SeedRef("s", text, text),
    }
    whole = Sample(**every, id=f"{2 * number:032x}")
    other = r.Turn("assistant", f"{text} other")
    pair = whole.with_(
        id=f"{2 * number + 1:032x}", rejected=(*turns[:2], other), flaw=r.Flaw(text, text)
    )
    return [whole, pair]


def test_nothing_in_any_field_is_executed(
    run_of: Callable[..., Path], serve: Any, screen: Any, tmp_path: Path
) -> None:
    samples = [one for n, text in enumerate(PAYLOADS) for one in _poisoned(n, text)]
    folder = run_of(samples)
    (folder / "guidelines.md").write_text("\n\n".join(PAYLOADS), encoding="utf-8")
    page = serve(folder, "--show-scores")
    here = screen(page.link)
    here.page.add_init_script("window.hits = 0; window.hit = () => { window.hits += 1; };")
    here.page.reload()
    here.wait()
    assert here.page.evaluate("typeof hit") == "function"
    here.page.wait_for_timeout(300)
    for number in range(len(samples)):
        # Everything is opened, and some are looked at while they are mended.
        here.page.evaluate(
            "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
        )
        assert here.page.locator("main").inner_text()
        wrong = here.page.evaluate(
            "query => [...document.querySelectorAll(query)].map((node) => node.outerHTML)",
            ", ".join(f"{place} {what}" for place in ("main", "aside") for what in LIVE),
        )
        assert wrong == []
        if number % 4 == 0:
            here.press("f")
            here.page.wait_for_selector(".mending")
            here.press("Escape")
            here.page.wait_for_selector(".sample:not(.mend)")
        here.press_on("s")
    here.page.goto(page.url + "/#owner")
    here.page.wait_for_selector(".figures")
    here.page.fill("#new-reason", PAYLOADS[1])
    here.page.click("text=Add")
    here.page.wait_for_selector(f".reason-list >> text={PAYLOADS[1]}")
    assert here.page.evaluate("window.hits") == 0
    assert here.faults == []
    assert here.elsewhere == []
