"""The `openai` package, without the types of its answers until one of them is asked for.

They are some 400 modules, take most of the time that importing the package takes (a quarter of a
second at each start of a run), and nothing that goes over our wire needs them. Whoever asks for
one finds it as ever: `from .lean_openai import openai` in place of `import openai`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any

__all__ = ["openai"]

_READING = RLock()


class _Unread(ModuleType):
    """A package that is read when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        with _READING:  # another thread waits until it is read; it itself sees what is there so far
            loader: Loader | None = self.__dict__.pop("_loader", None)
            if loader is not None:
                try:
                    loader.exec_module(self)
                except BaseException:
                    self.__dict__["_loader"] = loader
                    raise
                object.__setattr__(self, "__class__", ModuleType)  # as any other from now on
        if name not in self.__dict__:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name)
        return self.__dict__[name]


class _Later(Loader):
    """Makes a package without reading it."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Unread(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["_loader"] = module.__loader__ = self._loader
        assert module.__spec__ is not None
        module.__spec__.loader = self._loader


class _Types(MetaPathFinder):
    """Finds the packages of the types; their modules are read as ever."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not f"{fullname}.".startswith("openai.types."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and spec.submodule_search_locations:
            spec.loader = _Later(spec.loader)
        return spec


_types = _Types()
sys.meta_path.insert(0, _types)
try:
    import openai
finally:
    sys.meta_path.remove(_types)
