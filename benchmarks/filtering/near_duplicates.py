"""How fast are near duplicates found, beside libraries that do the same?

    python benchmarks/filters.py FOLDER --only near_duplicates --rows 100000
    python benchmarks/filtering/near_duplicates.py FOLDER --rows 1000000 --only silversmith,gaoya

FOLDER holds `gpteacher_toolformer`. The texts are made: 127 words each, drawn from the words of
that set as often as they are there, and 8% are another text with up to five words changed. Each
contender runs in a process of its own, from a Parquet file to the rows to drop: those with an
earlier, kept row of a Jaccard similarity of 0.7 or more of their sets of word 5-grams. What a
library proposes is verified, since its own estimates are wrong for a tenth of the pairs. Recall
and precision are against all pairs of 20,000 such rows, exhaustively. The libraries are not
dependencies:

    pip install datasketch gaoya rensa
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from table import table

__all__ = ["make_texts", "measure"]

THRESHOLD, SIZE = 0.7, 5
EXHAUSTIVE = 20_000
HEADER = ["contender", "s", "CPU s", "rows/s", "GB", "dropped", "s / ours", "recall", "precision"]
WORDS = re.compile(r"\w+")
Pairs = Iterable[tuple[int, int]]


def measure(folder: Path, rows: int, contenders: Sequence[str] | None = None) -> list[list[str]]:
    """Make the texts and let each contender run."""
    with tempfile.TemporaryDirectory() as name:
        made, small = Path(name) / "texts.parquet", Path(name) / "small.parquet"
        make_texts(folder, rows, made)
        make_texts(folder, min(rows, EXHAUSTIVE), small)
        exact = _exhaustive(small)
        jobs = [(f"{rows:,} rows", made)]
        jobs.append(("toolformer", _toolformer(folder, Path(name) / "t.parquet")))
        found = [HEADER]
        for what, path in jobs:
            ours = None
            for contender in contenders or CONTENDERS:
                got = _measured(contender, path)
                ours = got["seconds"] if contender == "silversmith" else ours
                quality = _quality(contender, small, exact) if path == made else ("", "")
                found.append(
                    [
                        f"{what}, {contender}",
                        f"{got['seconds']:.1f}",
                        f"{got['cpu']:.1f}",
                        f"{got['rows'] / got['seconds']:,.0f}",
                        f"{got['gigabytes']:.2f}",
                        f"{got['dropped']:,}",
                        "" if ours is None else f"{got['seconds'] / ours:.1f}",
                        *quality,
                    ]
                )
                print(*found[-1], sep="  ", file=sys.stderr)
    return found


def main() -> None:
    """As `measure`, with a choice of contenders; or one of them, in a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder of the datasets")
    parser.add_argument("--rows", type=int, default=100_000, help="how many texts")
    parser.add_argument("--only", default=",".join(CONTENDERS), help="some of the contenders")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        _run_one(options.one, options.folder)
        return
    only = options.only.split(",")
    if unknown := [name for name in only if name not in CONTENDERS]:
        parser.error(f"--only: there is no {unknown[0]}; known: {', '.join(CONTENDERS)}")
    print(table(measure(options.folder, options.rows, only)))


def make_texts(folder: Path, rows: int, path: Path) -> None:
    """Write so many texts, in a column `text`."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    words = np.array(
        [word for text in _toolformer_texts(folder) for word in WORDS.findall(text)], dtype=object
    )
    draw = np.random.default_rng(7)
    texts: list[str] = []
    for number in range(rows):
        if number and draw.random() < 0.08:
            own = texts[draw.integers(number)].split()
            for place in draw.integers(0, 127, draw.integers(0, 6)):
                own[place] = words[draw.integers(len(words))]
        else:
            own = words[draw.integers(0, len(words), 127)].tolist()
        texts.append(" ".join(own))
    parquet.write_table(pa.table({"text": pa.array(texts, pa.large_string())}), path)


def _toolformer_texts(folder: Path) -> list[str]:
    lines = (folder / "gpteacher_toolformer" / "toolformer.jsonl").read_text("utf-8").splitlines()
    rows = map(json.loads, lines)
    return [f"{row['instruction']}\n{row['input']}\n{row['output']}" for row in rows]


def _toolformer(folder: Path, path: Path) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    texts = _toolformer_texts(folder)
    parquet.write_table(pa.table({"text": pa.array(texts, pa.large_string())}), path)
    return path


def _measured(contender: str, path: Path) -> dict[str, float]:
    command = [sys.executable, __file__, str(path), "--one", contender]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def _run_one(contender: str, path: Path) -> None:
    """In a process of its own: only what the contender does is timed, its imports left out."""
    contend = CONTENDERS[contender]()
    start, cpu = time.perf_counter(), time.process_time()
    rows, dropped = contend(path)
    found = {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "rows": rows,
        "gigabytes": _peak_gigabytes(),
        "dropped": len(dropped),
    }
    print(json.dumps(found))


def _quality(contender: str, path: Path, exact: set[int]) -> tuple[str, str]:
    _, dropped = CONTENDERS[contender]()(path)
    both = len(exact & set(dropped))
    return f"{both / len(exact):.4f}", f"{both / max(len(dropped), 1):.4f}"


def _exhaustive(path: Path) -> set[int]:
    """What goes by all pairs that share a shingle, counted one by one."""
    import numpy as np
    from scipy import sparse

    sets = [_shingles(text) for text in _texts(path)]
    numbers: dict[str, int] = {}
    flat = [numbers.setdefault(one, len(numbers)) for own in sets for one in own]
    sizes = np.array([len(own) for own in sets])
    ends = np.concatenate(([0], np.cumsum(sizes)))
    matrix = sparse.csr_array((np.ones(len(flat), np.int32), flat, ends))
    shared = sparse.triu(matrix @ matrix.T, 1).tocoo()
    first, second = shared.coords
    like = shared.data / (sizes[first] + sizes[second] - shared.data) >= THRESHOLD
    return set(_dropped(zip(first[like].tolist(), second[like].tolist(), strict=True)))


def _dropped(pairs: Pairs) -> list[int]:
    """Rows that go: those with an earlier partner that stays."""
    gone: set[int] = set()
    for one, other in sorted((max(pair), min(pair)) for pair in pairs):
        if other not in gone:
            gone.add(one)
    return sorted(gone)


def _texts(path: Path) -> list[str]:
    from pyarrow import parquet

    return list(parquet.read_table(path).column("text").to_pylist())


def _shingles(text: str) -> set[str]:
    words = WORDS.findall(text.lower())
    return {" ".join(words[n : n + SIZE]) for n in range(max(len(words) - SIZE + 1, 1))}


def _verified(candidates: Pairs, texts: Sequence[str]) -> Pairs:
    sets: dict[int, set[str]] = {}
    for one, other in candidates:
        for row in (one, other):
            if row not in sets:
                sets[row] = _shingles(texts[row])
        both = len(sets[one] & sets[other])
        if both / (len(sets[one]) + len(sets[other]) - both) >= THRESHOLD:
            yield one, other


Contend = Callable[[Path], tuple[int, list[int]]]


def _silversmith() -> Contend:
    import pyarrow as pa
    import scipy.sparse
    from pyarrow import parquet

    from silversmith.filters.near_duplicates import NearDuplicates

    assert scipy.sparse  # imported where it is used, which would be timed

    def contend(path: Path) -> tuple[int, list[int]]:
        texts = parquet.read_table(path).column("text")
        ids = pa.array([f"{row:032x}" for row in range(len(texts))], pa.large_string())
        rule = NearDuplicates(threshold=THRESHOLD, shingle=SIZE, on="response")
        drops = rule.drops(pa.table({"id": ids, "response": texts}))
        return len(texts), [drop.row for drop in drops]

    return contend


def _gaoya() -> Contend:
    from gaoya.minhash import MinHashStringIndex

    def contend(path: Path) -> tuple[int, list[int]]:
        texts = _texts(path)
        index = MinHashStringIndex(
            hash_size=32, jaccard_threshold=0.5, num_bands=32, band_size=4, analyzer="word",
            lowercase=True, ngram_range=(SIZE, SIZE), id_container="smallvec",
        )  # fmt: skip
        index.par_bulk_insert_docs(list(range(len(texts))), texts)
        found = index.par_bulk_query(texts)
        pairs = {(one, other) for one, near in enumerate(found) for other in near if other > one}
        return len(texts), _dropped(_verified(pairs, texts))

    return contend


def _rensa() -> Contend:
    from rensa import RMinHash, RMinHashLSH

    def contend(path: Path) -> tuple[int, list[int]]:
        texts = _texts(path)
        index = RMinHashLSH(THRESHOLD, 128, 32)
        pairs: set[tuple[int, int]] = set()
        for row, text in enumerate(texts):
            signature = RMinHash(128, 1)
            signature.update(list(_shingles(text)))
            pairs.update((other, row) for other in index.query(signature))
            index.insert(row, signature)
        return len(texts), _dropped(_verified(pairs, texts))

    return contend


def _datasketch() -> Contend:
    from datasketch import MinHash, MinHashLSH

    def contend(path: Path) -> tuple[int, list[int]]:
        texts = _texts(path)
        index = MinHashLSH(threshold=THRESHOLD, num_perm=128)
        pairs: set[tuple[int, int]] = set()
        for row, text in enumerate(texts):
            signature = MinHash(128)
            signature.update_batch([one.encode() for one in _shingles(text)])
            pairs.update((other, row) for other in index.query(signature))
            index.insert(row, signature)
        return len(texts), _dropped(_verified(pairs, texts))

    return contend


CONTENDERS: dict[str, Callable[[], Contend]] = {
    "silversmith": _silversmith,
    "gaoya": _gaoya,
    "rensa": _rensa,
    "datasketch": _datasketch,
}


def _peak_gigabytes() -> float:
    """Of this process; `ru_maxrss` would count the one that started it."""
    status = Path("/proc/self/status").read_text()
    line = next(one for one in status.splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1e6


if __name__ == "__main__":
    main()
