"""Who takes part in the throughput benchmark, and how each is started."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from draft_and_judge import recipe

__all__ = ["CONTENDERS", "Contender", "Job"]

SCRIPTS = Path(__file__).resolve().parent / "contenders"


@dataclass(frozen=True, slots=True)
class Job:
    """What a contender is to do.

    Attributes:
        base_url, model, concurrency: where to send requests, and how many at once.
        seeds, prompts: the files with the rows and with the requests to make of them.
        work: an empty folder to work in.
    """

    base_url: str
    model: str
    concurrency: int
    seeds: Path
    prompts: Path
    work: Path

    @property
    def out(self) -> Path:
        """The file that all but silversmith write their rows to."""
        return self.work / "out.jsonl"

    @property
    def run(self) -> Path:
        """The run folder of silversmith."""
        return self.work / "run"


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the work.

    Attributes:
        name: what it is called in `--contenders` and in the results.
        script: the script in `contenders/` that does it; "" for silversmith's own command.
        package: the package that it needs beyond silversmith's own.
    """

    name: str
    script: str = ""
    package: str = ""

    def lacks(self, pythons: Mapping[str, str]) -> str:
        """Why it cannot take part, or "".

        Args:
            pythons: the interpreter of each contender that has one of its own.
        """
        python = pythons.get(self.name, sys.executable)
        find = f"import importlib.util as u, sys; sys.exit(u.find_spec({self.package!r}) is None)"
        try:
            if not self.package or not subprocess.run([python, "-c", find], check=False).returncode:
                return ""
        except OSError as error:
            return f"{python} cannot be started ({error.strerror})"
        return (
            f"{python} has no package {self.package}; install it there, or name an interpreter"
            f" that has it by --python {self.name}=PATH"
        )

    def command(self, job: Job, pythons: Mapping[str, str]) -> Sequence[str]:
        """The command that does the job, in the job's folder."""
        python = pythons.get(self.name, sys.executable)
        if not self.script:
            # The recipe names its seeds by their place beside it.
            text = recipe(job.base_url, job.model, job.concurrency)
            path = job.seeds.with_name("recipe.yaml")
            path.write_text(text, encoding="utf-8")
            run = ["-m", "silversmith", "run", str(path), "--out", str(job.run), "--quiet"]
            return [python, *run]
        options = {
            "--seeds": job.seeds,
            "--prompts": job.prompts,
            "--out": job.out,
            "--base-url": job.base_url,
            "--model": job.model,
            "--concurrency": job.concurrency,
        }
        words = [str(word) for option in options.items() for word in option]
        return [python, str(SCRIPTS / self.script), *words]


CONTENDERS = {
    each.name: each
    for each in (
        Contender("silversmith"),
        Contender("openai_loop", "openai_loop.py"),
        Contender("aiohttp_loop", "aiohttp_loop.py"),
        Contender("distilabel", "distilabel_steps.py", "distilabel"),
        Contender("curator", "curator_stages.py", "bespokelabs"),
        Contender("data_designer", "data_designer_columns.py", "data_designer"),
        Contender("sdg_hub", "sdg_hub_flow.py", "sdg_hub"),
    )
}
"""All of them by name."""
