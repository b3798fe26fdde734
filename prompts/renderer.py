"""The one renderer: templates and values in, chat messages out.

A template has a block `system` and a block `user`. It is looked for in the user's folder
first, then among ours; `silversmith/NAME.j2` always means ours, so that a user's template
says `{% extends "silversmith/instruction.j2" %}` and overrides one block. Values are data:
Jinja never reads them as a template.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import jinja2
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import TemplateError
from ..records import Draw, Flaw, Passage, Sample, Seed, Turn
from .source import RENDERED, Part, Reference, Source, listed, read_source, refuse_lost

__all__ = ["Prompts", "Template"]

Block = Callable[[Context], Iterator[str]]

_RECORDS = frozenset({Draw, Flaw, Passage, Sample, Seed, Turn})

_OURS = Path(__file__).parent
_CLOSING = re.compile(
    r"</(?=\s*(?:passage|task|input|known_answer|target|text|problem|instruction|response|reference"
    r"|rejected_response|system|turn|dialogue|request)\s*>)",
    re.IGNORECASE,
)
_PREFIX = "silversmith/"
_FAULTS = (  # what an expression in a template can raise
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class Prompts:
    """The templates that a run can use: the user's, then ours.

    A template is read and compiled once; what changes on disk later is not seen.

    Args:
        folder: the user's templates, `NAME.j2` each; it need not exist.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folders = (_OURS,) if folder is None else (Path(folder), _OURS)
        self._sources: dict[str, Source] = {}
        self._templates: dict[str, Template] = {}
        self._environment = _Sandbox(
            loader=jinja2.FunctionLoader(self._load),
            undefined=jinja2.StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def template(self, name: str) -> Template:
        """The template of that name, without `.j2`.

        Raises:
            TemplateError: there is none, it does not parse, it lacks a block `user`, something
                in it would never be rendered, or what it refers to cannot be used.
        """
        if (found := self._templates.get(name)) is not None:
            return found
        chain = self._chain(self._source(f"{name}.j2"))
        template = Template(name, chain, self._closure(chain[0]), self._environment)
        return self._templates.setdefault(name, template)

    def names(self, kind: str) -> list[str]:
        """The names of a strategy's templates: `KIND`, and `KIND_*` where it has several."""
        found = {
            path.stem
            for folder in self._folders
            for path in folder.glob("*.j2")
            if path.stem == kind or path.stem.startswith(f"{kind}_")
        }
        return sorted(found)

    def _load(self, file: str) -> tuple[str, str, None]:
        source = self._sources[file]  # read before Jinja asks for it
        return source.text, str(source.path), None

    def _source(self, file: str, at: str = "") -> Source:
        """The source of that name; `at` tells who asks for it, for messages."""
        if (found := self._sources.get(file)) is not None:
            return found
        path = self._find(file, at)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise TemplateError(f"{path}: this template cannot be read: {error}") from error
        try:
            source = read_source(self._environment, file, path, text)
            self._sources[file] = source
            self._environment.get_template(file)  # the compiler refuses what the parser lets by
        except jinja2.TemplateSyntaxError as error:
            self._sources.pop(file, None)
            raise TemplateError(f"{path}:{error.lineno}: {error.message}") from error
        return source

    def _find(self, file: str, at: str) -> Path:
        ours = file.startswith(_PREFIX)
        parts = file.removeprefix(_PREFIX).split("/")
        if any(p in ("", ".", "..") or not {"\\", ":", "\0"}.isdisjoint(p) for p in parts):
            raise TemplateError(
                f"{at}{file!r} is not the name of a template: name a file in the prompts folder, "
                "or in a folder below it"
            )
        folders = (_OURS,) if ours else self._folders
        for folder in folders:
            if (path := folder.joinpath(*parts)).is_file():
                return path
        names = sorted({path.name for folder in folders for path in folder.glob("*.j2")})
        near = difflib.get_close_matches(parts[-1], names, 1)
        places = " and ".join(str(folder) for folder in folders)
        raise TemplateError(
            f"{at}there is no template {file!r} (looked in {places})"
            + (f"; did you mean {near[0]!r}?" if near else "")
        )

    def _follow(self, source: Source, reference: Reference) -> Source:
        return self._source(reference.name, f"{source.path}:{reference.line}: ")

    def _chain(self, source: Source) -> list[Source]:
        """The template and its parents, the youngest first."""
        chain = [source]
        while (reference := chain[-1].extends) is not None:
            parent = self._follow(chain[-1], reference)
            if any(parent.path == child.path for child in chain):
                raise TemplateError(
                    f"{chain[-1].path}:{reference.line}: this template extends itself by "
                    f'{reference.name!r}; ours is called "{_PREFIX}{parent.path.name}"'
                )
            chain.append(parent)
        refuse_lost(chain)
        return chain

    def _closure(self, source: Source) -> dict[str, Source]:
        """The source with all that it extends, includes and imports, by the names under which
        they are referred to, in the order of reading."""
        found: dict[str, Source] = {}
        under: list[Path] = []

        def collect(source: Source) -> None:
            if source.file in found:
                return
            found[source.file] = source
            under.append(source.path)
            for reference in source.whole.references:
                other = self._follow(source, reference)
                if other.path in under:
                    raise TemplateError(
                        f"{source.path}:{reference.line}: {reference.name!r}, which this template "
                        f"{reference.verb}, leads back to it"
                    )
                collect(other)
            under.pop()

        collect(source)
        return found


class Template:
    """A template that is ready to be rendered; `Prompts.template` makes it.

    Attributes:
        name: its name, without `.j2`.
        path: its file.
        hash: 16 hex digits over its source and those of all that it extends, includes and
            imports.
    """

    def __init__(
        self,
        name: str,
        chain: list[Source],
        closure: Mapping[str, Source],
        environment: jinja2.Environment,
    ) -> None:
        self.name = name
        self.path = chain[0].path
        self.hash = _hash({source.path: source.text for source in closure.values()}.values())
        self._chain = chain
        self._sources = closure
        self._template = environment.get_template(chain[0].file)
        self._globals = dict(self._template.globals)
        self._blocks: dict[str, list[Block]] = {}
        for source in chain:
            for block, function in environment.get_template(source.file).blocks.items():
                self._blocks.setdefault(block, []).append(function)
        self._user = self._blocks["user"][0]
        self._system = self._blocks["system"][0] if "system" in self._blocks else None
        self._needs: dict[str, tuple[Path, int]] = {}
        for source, part in self._parts():
            for variable, line in part.needs.items():
                self._needs.setdefault(variable, (source.path, line))

    def render(self, values: Mapping[str, Any]) -> list[dict[str, str]]:
        """The messages: system, unless it is blank, and user; role and content each.

        Raises:
            TemplateError: a value or an attribute is missing, an expression fails, or the user
                message is blank; says file and line.
        """
        # Handed over whole: Jinja would look the globals up in two layers, for each name.
        context = self._template.new_context({**self._globals, **values}, shared=True)
        context.blocks = self._blocks
        try:
            system = "".join(self._system(context)).strip() if self._system else ""
            user = "".join(self._user(context)).strip()
        except _FAULTS as error:
            _raise_with_place(error, self.path)
        if not user:
            raise TemplateError(f"{self.path}: the block user came out empty; a model needs words")
        message = {"role": "user", "content": user}
        return [{"role": "system", "content": system}, message] if system else [message]

    def check(self, names: Collection[str]) -> None:
        """See, without rendering, whether the values of these names are enough.

        Raises:
            TemplateError: a variable that is used in a block that is rendered is not among
                them; says file, line and the nearest right name.
        """
        missing = self._needs.keys() - names
        if not missing:
            return
        given = set(names)
        name, (path, line) = next(item for item in self._needs.items() if item[0] in missing)
        near = difflib.get_close_matches(name, given, 1)
        raise TemplateError(
            f"{path}:{line}: the template uses {name!r}, which it is not given"
            f"; {f'did you mean {near[0]!r}?' if near else listed(given)}"
        )

    def _parts(self) -> Iterator[tuple[Source, Part]]:
        """All that rendering can reach: of a block that is overridden only the youngest, unless
        that calls `super()`."""
        waiting: list[str] = list(RENDERED)
        for name in waiting:  # grows as blocks name others
            for source in self._chain:
                if (part := source.blocks.get(name)) is None:
                    continue
                yield source, part
                yield from self._included(part.references)
                waiting += sorted(part.blocks.difference(waiting))
                if not part.parent:
                    break

    def _included(self, references: Iterable[Reference]) -> Iterator[tuple[Source, Part]]:
        for reference in references:
            source = self._sources[reference.name]
            yield source, source.whole
            yield from self._included(source.whole.references)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, without what makes a prompt differ from one rendering to the next."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        del self.globals["lipsum"]
        del self.filters["random"]
        self.filters["as_data"] = as_data

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The sandbox looks into an object each time; our records hold values alone."""
        if type(obj) in _RECORDS and not attribute.startswith("_"):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        return super().getattr(obj, attribute)


def as_data(text: str) -> str:
    """A text to stand between the tags of a prompt: those of our closing tags that are in it are
    broken by an invisible sign (U+2060), so that nothing in it can stand behind them."""
    return _CLOSING.sub("<\u2060/", text) if "</" in text else text


def _raise_with_place(error: Exception, path: Path) -> NoReturn:
    """Raise what went wrong in a template as a TemplateError that names file and line."""
    place = str(path)
    for frame, line in traceback.walk_tb(error.__traceback__):
        # Jinja leaves this in the namespace of the code that it compiles from a template.
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            place = f"{template.filename}:{template.get_corresponding_lineno(line)}"
    known = isinstance(error, jinja2.TemplateError)
    raise TemplateError(
        f"{place}: {error}" if known else f"{place}: {type(error).__name__}: {error}"
    ) from error


def _hash(texts: Iterable[str]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for text in texts:
        data = text.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()
