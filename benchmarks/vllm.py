"""What does vLLM's prefix cache bring to a run?

    python benchmarks/vllm.py SEEDS --python .venv-vllm/bin/python --rows 200 --repeat 3

SEEDS is a file of tasks (JSONL). The same recipe is run on managed vLLM servers of the same model,
which differ in whether the prefix cache is on: drafts of two strategies, each judged by a rubric,
with the templates as they ship. The servers are started before, and take turns; figures are
medians.

- `cached`: which share of the input tokens the server had read before, by its own account.
- `samples/s`, `input tokens/s`: of the run from its start to its end, the server's start left out.

Each round has seeds of its own, so that no prompt comes a second time.

Without `--model` a model with random weights is made (`--hidden`, `--layers`), whose replies make
no sense, but whose prompts are read all the same. `--samples-at-once` is the recipe's concurrency.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from table import table

from silversmith import Recipe
from silversmith.models import ModelSpec, connect
from silversmith.models.vllm.server import end_idle

MAKER = Path(__file__).parents[1] / "tests" / "vllm" / "make_model.py"
PROMPTS = Path(__file__).parents[1] / "prompts"
KEEP_SECONDS = 600
WAYS = {"with prefix cache": True, "without": False}


def main() -> None:
    """Measure, print the table, and write the figures as JSON where that is asked for."""
    args = _arguments()
    with tempfile.TemporaryDirectory(prefix="silversmith-vllm-") as name:
        folder = Path(name)
        weights = args.model or _made(folder, args)
        found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        try:
            for round_ in range(args.repeat):
                for way, on in WAYS.items():
                    out = folder / f"{round_}-{way.split()[0]}"
                    seeds = _seeds(args, folder, round_)
                    run = _run(args, _spec(args, weights, on), seeds, out)
                    found[way].append(asyncio.run(run))
        finally:
            end_idle()
    rows = [["", "cached", "samples/s", "input tokens/s", "failed"]]
    medians = {way: _median(runs) for way, runs in found.items()}
    for way, one in medians.items():
        rows.append([
            way, f"{one['cached']:.0%}", f"{one['samples_per_s']:.2f}",
            f"{one['input_tokens_per_s']:,.0f}", f"{one['failed']:.0%}",
        ])  # fmt: skip
    print(table(rows))
    first, second = medians.values()
    print(f"ratio of samples/s: {first['samples_per_s'] / second['samples_per_s']:.2f}")
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("seeds", type=Path, help="tasks, JSONL")
    parser.add_argument("--python", required=True, help="an interpreter that has vLLM")
    parser.add_argument("--model", help="a folder, or a name on the hub")
    parser.add_argument("--hidden", type=int, default=512, help="width of a model that is made")
    parser.add_argument("--layers", type=int, default=8, help="depth of a model that is made")
    parser.add_argument("--rows", type=int, default=200, help="samples in each run")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--max-tokens", type=int, default=400)
    parser.add_argument("--max-model-len", type=int, default=4096)
    parser.add_argument("--samples-at-once", type=int, default=8)
    parser.add_argument("--eager", action="store_true", help="compile nothing, to start sooner")
    parser.add_argument("--json", type=Path, help="write all figures there")
    return parser.parse_args()


def _made(folder: Path, args: argparse.Namespace) -> str:
    """A model with random weights, whose tokens are made from the templates."""
    (folder / "model").mkdir()
    text = "\n".join(one.read_text(encoding="utf-8") for one in sorted(PROMPTS.glob("*.j2")))
    (folder / "text.txt").write_text(text, encoding="utf-8")
    words = [args.python, MAKER, folder / "model", folder / "text.txt", args.hidden, args.layers]
    subprocess.run(list(map(str, words)), check=True)
    return str(folder / "model")


def _spec(args: argparse.Namespace, weights: str, on: bool) -> ModelSpec:
    engine: dict[str, Any] = {
        "python": args.python,
        "weights": weights,
        "keep_alive": KEEP_SECONDS,
        "max_model_len": args.max_model_len,
        "enable_prefix_caching": on,
        "enforce_eager": args.eager,
        "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
    }
    return ModelSpec.parse(
        {
            "model": "vllm/measured",
            "engine": engine,
            "parameters": {"max_tokens": args.max_tokens, "temperature": 1.0},
            "concurrency": args.samples_at_once,
            "timeout": 600,
        }
    )


def _seeds(args: argparse.Namespace, folder: Path, round_: int) -> Path:
    """The seeds of one round: as many as there are samples of two strategies."""
    rows = [line for line in args.seeds.read_text(encoding="utf-8").splitlines() if line.strip()]
    count = -(-args.rows // 2)
    own = rows[round_ * count : (round_ + 1) * count]
    if len(own) < count:
        raise SystemExit(
            f"{args.seeds} has {len(rows)} rows; {args.repeat} rounds of {args.rows} samples need"
            f" {args.repeat * count}"
        )
    path = folder / f"seeds-{round_}.jsonl"
    path.write_text("\n".join(own) + "\n", encoding="utf-8")
    return path


async def _run(
    args: argparse.Namespace, spec: ModelSpec, seeds: Path, out: Path
) -> dict[str, float]:
    """One run, on a server that is warm."""
    warm = connect(spec, "writer", folder=out.parent)
    await warm.open()
    try:
        recipe = Recipe(
            models={"writer": spec},
            seeds=[{"tasks": str(seeds)}],
            generators=["instruction", {"contrast": {"flaws": ["vagueness"]}}],
            judges=["rubric"],
            limit=args.rows,
            max_failed_share=1.0,
        )
        clock = time.perf_counter()
        report = await recipe.run_async(out)
        seconds = time.perf_counter() - clock
    finally:
        await warm.close()
    usage = report.manifest["usage"]
    read = sum(one["input_tokens"] for one in usage)
    return {
        "seconds": seconds,
        "cached": sum(one["cached_tokens"] for one in usage) / read,
        "samples_per_s": report.balance.planned / seconds,
        "input_tokens_per_s": read / seconds,
        "failed": report.balance.failed / report.balance.planned,
    }


def _median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


if __name__ == "__main__":
    main()
