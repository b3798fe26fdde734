"""How soon is the next sample on the screen after a verdict?

    python benchmarks/review_page.py --verdicts 200

`silversmith review` serves samples of `--characters` characters with Markdown, and a headless
Chromium decides them by key, `--pause` seconds each. Milliseconds from the key to the second frame
after it, when the next sample has been painted; the first verdict is left out.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright
from review_load import WORDS
from table import table

from silversmith.records import Sample, sample_to_json, table_from_json
from silversmith.review.plan import plan_review
from silversmith.review.wanted import Wanted
from silversmith.store import ParquetParts

__all__ = ["main"]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
WATCH = """() => {
  window.took = [];
  addEventListener("keydown", () => {
    const from = performance.now();
    const before = document.querySelector("main").dataset.item;
    const look = () => {
      if (document.querySelector("main").dataset.item === before) requestAnimationFrame(look);
      else requestAnimationFrame(() => window.took.push(performance.now() - from));
    };
    requestAnimationFrame(look);
  }, true);
}"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--verdicts", type=int, default=200)
    parser.add_argument("--characters", type=int, default=2_000)
    parser.add_argument("--pause", type=float, default=0.3)
    options = parser.parse_args(arguments)
    rows = []
    for pairs in (False, True):
        took = _measure(options, pairs=pairs)
        ordered = sorted(took)
        figures = (statistics.median(took), ordered[int(0.95 * len(took))], ordered[-1])
        name = "pairs, differences marked" if pairs else "one answer"
        rows.append([name, f"{len(took):,}", *(f"{figure:,.1f}" for figure in figures)])
    print(table([["samples", "verdicts", "median ms", "p95 ms", "max ms"], *rows]))
    return 0


def _measure(options: argparse.Namespace, *, pairs: bool) -> list[float]:
    samples = [
        _sample(number, options.characters, pairs=pairs) for number in range(options.verdicts + 1)
    ]
    with tempfile.TemporaryDirectory(prefix="review-page-") as name:
        folder = Path(name)
        with ParquetParts(folder / "kept") as parts:
            parts.write(table_from_json([sample_to_json(sample) for sample in samples]))
        plan_review(folder, Wanted(samples=len(samples), overlap=0, repeats=0, routed=0, seed=1))
        command = [sys.executable, "-m", "silversmith", "review", name, "--port", "0"]
        server = subprocess.Popen([*command, "--no-browser"], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            link = next(line.split()[-1] for line in server.stdout if line.startswith("You"))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=FLAGS
                )
                page = browser.new_page()
                page.goto(link)
                page.wait_for_selector(".sample")
                page.evaluate(WATCH)
                for _ in range(options.verdicts):
                    page.wait_for_timeout(options.pause * 1000)
                    page.keyboard.press("1" if pairs else "a")
                page.wait_for_timeout(1000)
                took: list[float] = page.evaluate("window.took")
                browser.close()
        finally:
            server.terminate()
            server.wait()
    return took[1:]


def _sample(number: int, characters: int, *, pairs: bool) -> Sample:
    words = [WORDS[(number * 7 + place * place) % len(WORDS)] for place in range(characters // 6)]
    lines = [" ".join(words[at : at + 12]) for at in range(0, len(words), 12)]
    text = "\n".join(f"- **{line[:8]}** {line[8:]}" for line in lines)
    sample = Sample.pair(f"Question {number}", text, id=f"{number:032x}", strategy="instruction")
    if not pairs:
        return sample
    other = Sample.pair(f"Question {number}", text.replace("hire", "loan"))
    return sample.with_(rejected=other.messages)


if __name__ == "__main__":
    raise SystemExit(main())
