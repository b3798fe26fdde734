"""The wheel holds the package, all of it, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

# Folders at the root that are no rooms of the package.
NOT_PACKAGED = {".ci", ".github", "benchmarks", "docs", "examples", "runs", "tests"}


@pytest.fixture(scope="session")
def packaged(source_files: list[Path]) -> set[str]:
    """What ought to be in the wheel: the root's modules, and every file of every room."""
    root_files = {path for path in source_files if len(path.parts) == 1}
    modules = {path for path in root_files if path.suffix == ".py" or path.name == "py.typed"}
    rooms = {path for path in source_files if path.parts[0] not in NOT_PACKAGED} - root_files
    return {f"silversmith/{path.as_posix()}" for path in modules | rooms}


@pytest.fixture(scope="session")
def wheel(
    root: Path, source_files: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> set[str]:
    """The files in a wheel built from a copy of the tree, less the wheel's own records."""
    copy = tmp_path_factory.mktemp("tree")
    for path in source_files:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, copy / path)
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = (copy / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_nothing_is_forgotten(wheel: set[str], packaged: set[str]) -> None:
    """A file that is missing here belongs to `packages` or `package-data` in pyproject.toml."""
    assert packaged - wheel == set()


def test_nothing_else_is_inside(wheel: set[str], packaged: set[str]) -> None:
    assert wheel - packaged == set()


@pytest.mark.parametrize(
    "file",
    [
        "judges/rubrics/contrast.yaml",
        "prompts/_draft.j2",
        "prompts/domain_asked.j2",
        "py.typed",
        "recipes/data/SOURCE.txt",
        "recipes/data/hazards.yaml",
        "recipes/data/taxonomies/software_docs.yaml",
        "recipes/seven.yaml",
    ],
)
def test_what_is_no_code_is_inside_too(wheel: set[str], file: str) -> None:
    assert f"silversmith/{file}" in wheel


def test_a_bare_import_of_any_room_is_banned(root: Path) -> None:
    """Ruff forbids `import judges` for each room by name, so a new room needs its line."""
    config = tomllib.loads((root / "pyproject.toml").read_text())
    packages = config["tool"]["setuptools"]["packages"]
    rooms = {name.split(".")[1] for name in packages if "." in name}
    banned = set(config["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"])
    assert banned == rooms | {"errors"}
