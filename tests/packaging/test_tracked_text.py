"""Nothing in the project speaks of the machine that it was written on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REGISTRY = re.compile(r"(?:\bpypi|pythonhosted|registry\.npmjs|crates|anaconda)\.(?:org|io)\b")
# Such a path inside a longer one or a web address is something else.
MACHINE_PATH = re.compile(r"(?<![\w./~-])(?:/(?:home|Users|mnt)/\w+/|/(?:root|work)/\w)")


@pytest.fixture(scope="session")
def texts(root: Path, source_files: list[Path]) -> list[tuple[Path, int, str]]:
    """Every line of every text file of the project: file, line number, line."""
    lines = []
    for path in source_files:
        data = (root / path).read_bytes()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
            lines.append((path, number, line))
    return lines


def found(pattern: re.Pattern[str], texts: list[tuple[Path, int, str]]) -> list[str]:
    return [f"{path}:{number}: {line}" for path, number, line in texts if pattern.search(line)]


def test_no_file_names_a_package_registry(texts: list[tuple[Path, int, str]]) -> None:
    assert found(REGISTRY, texts) == []


def test_no_file_names_a_folder_of_one_machine(texts: list[tuple[Path, int, str]]) -> None:
    assert found(MACHINE_PATH, texts) == []


def test_constraints_are_names_and_versions(root: Path) -> None:
    lines = (root / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.]*", pin)] == []


@pytest.mark.parametrize(
    ("pattern", "line", "harmless"),
    [
        (REGISTRY, "see https://" + "pypi" + ".org/project/x", "https://example.org/pypi"),
        (MACHINE_PATH, "cd /" + "home/ann/clone", "https://example.org/home/ann/clone"),
        (MACHINE_PATH, 'path = "/' + 'work/main"', "the sandbox has no home, and no ~/own/x"),
    ],
)
def test_the_patterns_find_what_they_are_for(
    pattern: re.Pattern[str], line: str, harmless: str
) -> None:
    assert pattern.search(line)
    assert not pattern.search(harmless)
