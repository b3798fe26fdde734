"""Draws the pictures of docs/review.md: the page as it is, in a real browser.

    python docs/review_pictures.py                 # writes docs/review/*.png
    python docs/review_pictures.py --to FOLDER --all    # every sample, both sizes, light and dark

The samples are those of the page's tests. It needs what the tests need, Chromium among it.
"""

from __future__ import annotations

import argparse
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from silversmith.records import Sample, sample_from_json, sample_to_json, table_from_json
from silversmith.review.assignment import give_out
from silversmith.review.entries import Entry, enter
from silversmith.review.people import Session, reviewer_id
from silversmith.review.plan import plan_review
from silversmith.review.records import ReviewPlan
from silversmith.review.store import ReviewStore, open_reviews
from silversmith.review.wanted import Wanted
from silversmith.store import ParquetParts

HERE = Path(__file__).resolve().parent
GALLERY = HERE.parent / "tests" / "data" / "review_gallery" / "samples.jsonl"
SIZES = {"laptop": (1280, 800), "phone": (390, 844)}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
PICTURES = [
    ("pair", "laptop", "light", "Which river is longer"),
    ("labels", "laptop", "dark", "Mark what the passage says"),
    ("reasoning", "laptop", "light", "Two bicycles are hired"),
    ("conversation", "phone", "light", "I booked two bikes"),
    ("arabic", "phone", "dark", "اكتب"),
]
"""Name, size, scheme, and words of the sample."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=HERE / "review")
    parser.add_argument("--all", action="store_true", help="every sample in every way")
    options = parser.parse_args(arguments)
    options.to.mkdir(parents=True, exist_ok=True)
    samples = [sample_from_json(line) for line in GALLERY.read_bytes().splitlines()]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)

        @contextmanager
        def page_of(link: str, size: str, scheme: Any) -> Iterator[Page]:
            width, height = SIZES[size]
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            page = context.new_page()
            page.goto(link)
            page.wait_for_selector(".sample")
            yield page
            context.close()

        with served(samples) as (_, link):
            if options.all:
                for size in SIZES:
                    for scheme in ("light", "dark"):
                        with page_of(link, size, scheme) as page:
                            every(page, options.to, f"{size}-{scheme}")
            else:
                for name, size, scheme, words in PICTURES:
                    with page_of(link, size, scheme) as page:
                        look_for(page, words)
                        if name == "reasoning":
                            page.keyboard.press("n")
                            page.keyboard.press("n")
                            page.keyboard.press("w")
                            page.keyboard.press("n")
                            page.keyboard.press("n")
                        page.wait_for_timeout(300)
                        page.screenshot(path=options.to / f"{name}.png")
                        look_again(page)
        many = [one.with_(id=f"{n:032x}") for n, one in enumerate(samples * 20)]
        with served(many, people=3) as (_, link), page_of(link, "laptop", "light") as page:
            page.goto(link.partition("#")[0] + "#owner")
            page.wait_for_selector(".figures")
            page.screenshot(path=options.to / "owner.png")
        browser.close()


def look_for(page: Page, words: str) -> None:
    while words not in page.inner_text("main"):
        skip(page)


def skip(page: Page) -> None:
    before = page.get_attribute("main", "data-item")
    page.keyboard.press("s")
    page.wait_for_function(
        "item => document.querySelector('main').dataset.item !== item", arg=before
    )


def look_again(page: Page) -> None:
    """Leave the samples as they were found."""
    while page.get_attribute("main", "data-item"):
        skip(page)
    page.click("text=Look again")
    page.wait_for_selector(".sample")


def every(page: Page, to: Path, name: str) -> None:
    """Each sample, what is opened over it, and the end."""
    page.keyboard.press("?")
    page.screenshot(path=to / f"{name}-keys.png")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.screenshot(path=to / f"{name}-rejecting.png")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.wait_for_selector(".mending")
    page.screenshot(path=to / f"{name}-mending.png")
    page.keyboard.press("Escape")
    number = 0
    while page.get_attribute("main", "data-item"):
        strategy = page.inner_text(".strategy")
        page.wait_for_timeout(300)
        page.screenshot(path=to / f"{name}-{number:02}-{strategy}.png")
        number += 1
        skip(page)
    page.screenshot(path=to / f"{name}-end.png")
    page.click("text=Look again")
    page.wait_for_selector(".sample")


@contextmanager
def served(samples: Sequence[Sample], people: int = 0) -> Iterator[tuple[Path, str]]:
    """The page, with people who have decided some; gives the folder and the owner's link."""
    with tempfile.TemporaryDirectory(prefix="review-") as name:
        folder = Path(name)
        with ParquetParts(folder / "kept") as parts:
            parts.write(table_from_json([sample_to_json(sample) for sample in samples]))
        overlap = 0.4 if people else 0.0
        wanted = Wanted(samples=len(samples), overlap=overlap, repeats=0, routed=0, seed=1)
        plan = plan_review(folder, wanted)
        if people:
            with open_reviews(folder) as store:
                store.take(plan, folder)
                decide(store, plan, ["Ann", "Ben", "Cem"][:people])
        command = [sys.executable, "-m", "silversmith", "review", str(folder), "--port", "0"]
        server = subprocess.Popen(
            [*command, "--no-browser", "--as", "Olga"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            yield folder, next(line.split()[-1] for line in server.stdout if line.startswith("You"))
        finally:
            server.terminate()
            server.wait()


def decide(store: ReviewStore, plan: ReviewPlan, names: Sequence[str]) -> None:
    """Most of the samples, with some differences of opinion."""
    dice = random.Random(4)
    write = store.database.write
    people = [
        Session(write(lambda c, n=n: reviewer_id(c, n)).result(), n, False, "") for n in names
    ]
    for number in range(75):
        for who in people:
            (item, *_) = write(
                lambda c, who=who: give_out(c, plan.id, who.reviewer, have=(), count=1, lease_s=60)
            ).result()
            bad = int(item, 36) % 5 == 0  # what most people would say
            verdict: Any = "reject" if bad != (dice.random() < 0.05) else "accept"
            entry = Entry(
                id=secrets.token_hex(16), item=item, verdict=verdict,
                reason="incomplete" if verdict == "reject" else "",
                seconds=dice.uniform(8, 60),
                decided=f"2026-01-01T10:{number // 60:02}:{number % 60:02}Z",
            )  # fmt: skip
            write(
                lambda c, who=who, entry=entry: enter(c, plan.id, who, entry, lease_s=60)
            ).result()


if __name__ == "__main__":
    main()
