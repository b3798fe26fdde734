"""What an import of silversmith loads, and from where."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = (
    "aiohttp", "bs4", "datasets", "faiss", "fastapi", "numpy", "openai", "pandas", "pyarrow",
    "pypdf", "scipy", "sqlalchemy", "uvicorn",
)  # fmt: skip


def loaded(code: str, folder: Path) -> set[str]:
    """The heavy libraries that a fresh interpreter in `folder` has loaded after running code."""
    probe = f"{code}\nimport sys\nprint('loaded:', *[n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_the_probe_sees_a_heavy_library(tmp_path: Path) -> None:
    assert "numpy" in loaded("import numpy", tmp_path)


def test_importing_silversmith_loads_nothing_heavy(tmp_path: Path) -> None:
    assert loaded("import silversmith", tmp_path) == set()


def test_importing_the_exports_loads_nothing_heavy(tmp_path: Path) -> None:
    assert loaded("import silversmith.exports", tmp_path) == set()


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    code = """
import sys
from silversmith.cli import main
sys.argv = ["silversmith", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
    assert loaded(code, tmp_path) == set()


def test_a_room_is_no_package_of_its_own(tmp_path: Path) -> None:
    """Outside the source tree, `judges` is `silversmith.judges` and nothing else."""
    code = "import importlib.util as u; assert u.find_spec('silversmith.judges')"
    loaded(f"{code}; assert u.find_spec('judges') is None", tmp_path)
