"""Serving the page of a run's folder, from its plan to the last verdict."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, insert, select

from ..errors import ReviewError
from .guard import Guard
from .page_files import page_files
from .people import owner_token
from .plan import plan_review
from .plan_file import read_plan
from .population import read_population
from .records import ReviewPlan
from .server import Served, make_app
from .store import ReviewStore, open_reviews
from .tables import notes
from .wanted import Wanted

__all__ = ["DEFAULT_PORT", "ServeOptions", "link", "serve"]

DEFAULT_PORT = 8600

_LARGEST_GUIDELINES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How the page is served.

    Attributes:
        host, port: where it listens; port 0 takes any free one.
        url: the address that reviewers use, where it is another one (of a proxy); "" for none.
        database: its URL; "" for the run folder's own.
        owner: the name under which whoever starts it reviews.
        with_scores: whether people see judges' scores before they decide.
        lease_minutes: for how long an item is a person's since they last worked.
        guidelines: a Markdown file that is shown beside the samples; None for `guidelines.md` in
            the run's folder, or general ones.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    url: str = ""
    database: str = ""
    owner: str = "owner"
    with_scores: bool = False
    lease_minutes: float = 30.0
    guidelines: Path | None = None


def serve(
    folder: Path, options: ServeOptions, announce: Callable[[str, ReviewPlan, str], None]
) -> None:
    """Serve the page until SIGTERM or SIGINT.

    Args:
        folder: a run's folder; where it has no plan yet, the usual one is drawn.
        announce: called once the page answers, with the owner's link, the plan, and the name of
            the database.

    Raises:
        ReviewError: nothing was kept, the dataset is not the plan's, the database cannot be used,
            or the address cannot be listened on.
    """
    guidelines = _Guidelines(folder, options.guidelines)
    plan = _plan(folder)
    with open_reviews(folder, options.database) as store, _listening(options) as listener:
        store.take(plan, folder)
        port = listener.getsockname()[1]
        url = options.url.rstrip("/") or _url(options.host, port)
        token = store.database.write(
            lambda connection: _opened(connection, url, options.owner)
        ).result()
        served = Served(
            store=store,
            plan=plan,
            guidelines=guidelines.text,
            changed=_Watch(folder).changed,
            with_scores=options.with_scores,
            lease_s=options.lease_minutes * 60,
            cookie=_cookie(folder),
            secure=url.startswith("https:"),
            files=page_files(),
        )
        hosts = [urlsplit(url).hostname or "", options.host]
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        app = Guard(make_app(served), hosts, [origin])
        sys.setswitchinterval(0.005)  # threads that take turns more often mostly wait for turns
        gc.collect()
        gc.freeze()  # a plan of many items stays; looking through it again and again takes time
        asyncio.run(_run(app, listener, lambda: announce(link(url, token), plan, _where(store))))


def link(url: str, token: str) -> str:
    """The address that lets a person in. The token is behind a `#`, which browsers do not send, so
    that no log of a server or proxy has it."""
    return f"{url}/#{token}"


def _plan(folder: Path) -> ReviewPlan:
    if not folder.is_dir():
        raise ReviewError(f"{folder} is no folder: give the folder of a run")
    plan = read_plan(folder)
    if plan is None:
        return plan_review(folder, Wanted())
    population = read_population(folder)
    if population.hash != plan.dataset:
        raise ReviewError(
            f"The kept samples of {folder} are not those that its plan was drawn from (they were"
            f" made anew since {plan.made}): draw another by `silversmith review {folder} --plan"
            " --replan`; what was decided so far stays, and counts for the old dataset alone"
        )
    return plan


def _opened(connection: Connection, url: str, owner: str) -> str:
    """Note where the page is served, for the links of others; returns the owner's token."""
    connection.execute(delete(notes).where(notes.c.name == "url"))
    connection.execute(insert(notes).values(name="url", value=url))
    return owner_token(connection, owner)


def served_at(connection: Connection) -> str:
    """Where the page was last served, or "" where it never was."""
    found = connection.execute(select(notes.c.value).where(notes.c.name == "url")).scalar()
    return str(found or "")


@contextmanager
def _listening(options: ServeOptions) -> Iterator[socket.socket]:
    try:
        found = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(512)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise ReviewError(
            f"The page cannot be served at port {options.port} of {options.host}"
            f" ({error.strerror or error}): choose another --port (0 takes any free one) or --host"
        ) from error
    with listener:
        yield listener


async def _run(app: Guard, listener: socket.socket, announce: Callable[[], None]) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        """Stopped from here alone, so that being stopped is no failure."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            announce()

    config = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, lifespan="off",
        timeout_graceful_shutdown=3, proxy_headers=False,
    )  # fmt: skip
    server = Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    await server.serve(sockets=[listener])


class _Guidelines:
    """The guidelines as they are now: who changes the file need not start the page anew."""

    def __init__(self, folder: Path, path: Path | None) -> None:
        self._path = path or folder / "guidelines.md"
        if path is not None and not path.is_file():
            raise ReviewError(f"The guidelines {path} are no file: name a Markdown file")
        self._general = (resources.files(__package__) / "page" / "guidelines.md").read_text(
            encoding="utf-8"
        )

    def text(self) -> str:
        try:
            data = self._path.read_bytes()[:_LARGEST_GUIDELINES]
        except OSError:
            return self._general
        return data.decode("utf-8", "replace")


class _Watch:
    """Whether the dataset on disk is still that which is being reviewed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = self._signature()

    def changed(self) -> str:
        """A sentence, or "" where nothing has changed."""
        if self._signature() == self._before:
            return ""
        return (
            f"The kept samples of {self._folder} were made anew while they are reviewed. What is"
            " decided here counts for the samples as they were; draw a new plan for the new ones."
        )

    def _signature(self) -> list[tuple[str, int, int]]:
        found = []
        for path in sorted((self._folder / "kept").glob("*.parquet")):
            try:
                about = path.stat()
            except FileNotFoundError:
                continue
            found.append((path.name, about.st_size, about.st_mtime_ns))
        return found


def _cookie(folder: Path) -> str:
    digest = hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=5).hexdigest()
    return f"silversmith_{digest}"


def _url(host: str, port: int) -> str:
    if host in ("0.0.0.0", "::", ""):
        host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _where(store: ReviewStore) -> str:
    return store.database.where


def can_open_browser() -> bool:
    """Whether a browser of this machine would show a page to whoever sits here."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
