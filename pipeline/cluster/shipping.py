"""What travels to the workers: this package as its wheel has it, the modules of plug-ins, and what
of the recipe's folder generators and judges read.

Ray can install a wheel on its workers too, but with pip and all that the wheel depends on; unpacked
into the working folder of the job it needs neither pip nor a network there.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType
from typing import Any

from ...errors import ClusterError
from ...records import Component

__all__ = ["shipped_folder", "stage"]

PACKAGE = __package__.partition(".")[0]
ROOT = Path(__file__).parent.parent.parent
RECIPE = "recipe"
ALWAYS = ("prompts", "rubrics")
INSTALLED = ("site-packages", "dist-packages")
_LEAVE_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def stage(parts: Sequence[Component], folder: Path, into: Path) -> None:
    """Put together what workers need.

    Args:
        parts: components whose modules, and the files that their options name, are to travel.
        folder: the recipe's.
        into: an empty folder, to become the workers' working folder.

    Raises:
        ClusterError: a component was defined in the program that runs, which cannot travel.
    """
    _stage_package(into)
    for module in _modules(parts):
        _stage_module(module, into)
    there = into / RECIPE
    there.mkdir()
    for name in (*ALWAYS, *_files(parts)):
        _copy(folder, name, there)


def shipped_folder() -> Path:
    """The recipe's folder, on a worker."""
    return ROOT.parent / RECIPE


def _stage_package(into: Path) -> None:
    """The modules and their data, and by what name and version they go."""
    package = into / PACKAGE
    package.mkdir()
    for one in ROOT.iterdir():
        if one.is_dir() and (one / "__init__.py").is_file():
            shutil.copytree(one, package / one.name, ignore=_LEAVE_OUT)
        elif one.suffix == ".py" or one.name == "py.typed":
            shutil.copy(one, package)
    known = distribution(PACKAGE)
    info = into / f"{PACKAGE}-{known.version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {known.version}\n"
    )
    if points := known.read_text("entry_points.txt"):
        (info / "entry_points.txt").write_text(points)


def _modules(parts: Sequence[Component]) -> Iterator[ModuleType]:
    """The top modules that the parts come from; of a plug-in that lies loose, also those that it
    has imported from beside it."""
    roots: set[Path] = set()
    named: set[str] = set()
    for part in parts:
        name = type(part).__module__.partition(".")[0]
        if name == PACKAGE or name in named:
            continue
        if name == "__main__":
            raise ClusterError(
                f"{type(part).__qualname__} is defined in the program that runs, which cannot"
                " travel to a cluster: move it into a module of its own"
            )
        named.add(name)
        root = _place(sys.modules[name]).parent
        if not any(word in root.parts for word in INSTALLED):
            roots.add(root)
    for name, module in list(sys.modules.items()):
        if "." in name or name in (PACKAGE, "__main__") or not _has_place(module):
            continue
        if name in named or _place(module).parent in roots:
            yield module


def _has_place(module: ModuleType) -> bool:
    return bool(getattr(module, "__file__", None) or getattr(module, "__path__", None))


def _place(module: ModuleType) -> Path:
    """A module's file, or a package's folder."""
    if paths := getattr(module, "__path__", None):
        return Path(next(iter(paths))).absolute()
    return Path(str(module.__file__)).absolute()


def _stage_module(module: ModuleType, into: Path) -> None:
    place = _place(module)
    target = into / place.name
    if place.is_dir():
        shutil.copytree(place, target, ignore=_LEAVE_OUT, dirs_exist_ok=True)
    elif place.suffix == ".py":
        shutil.copy(place, target)


def _files(parts: Sequence[Component]) -> list[str]:
    """Words in the parts' options, each of which may name a file."""
    return sorted({word for part in parts for word in _words(part.model_dump(mode="json"))})


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _words(one)


def _copy(folder: Path, name: str, there: Path) -> None:
    """Copy a file or folder of the recipe's folder, where the name means one; a path that leads
    elsewhere is looked for there on the workers too."""
    if not name or len(name) > 1_000 or "\n" in name or "\0" in name:
        return
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        return
    source, target = folder / path, there / path
    try:
        if source.is_dir():
            shutil.copytree(source, target, ignore=_LEAVE_OUT, dirs_exist_ok=True)
        elif source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    except OSError as error:
        raise ClusterError(
            f"{source} cannot be copied for the workers ({error.strerror or error})"
        ) from error
