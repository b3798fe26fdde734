"""The server behind the page: who may ask for what."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar, cast

import orjson
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, insert, select
from starlette.exceptions import HTTPException as StarletteHTTPException

from ..errors import ReviewError
from .assignment import assigned, give_out, take_up_skipped
from .database import ClashError, FullDiskError
from .entries import Entry, enter
from .guard import Attempts
from .page_files import PageFile
from .people import Session, log_in, log_out, session_of
from .progress import add_reason, known_reasons, overview, progress_of, totals
from .records import ReviewPlan
from .store import ReviewStore
from .tables import items, log
from .view import after_decision, shown_to, unpack

__all__ = ["Served", "make_app"]

HELD = 4
"""How many items a page holds: one to decide, the others fetched ahead."""

_TOTALS_S = 3.0

T = TypeVar("T")


@dataclass
class Served:
    """What is served, and how.

    Attributes:
        store: where verdicts go.
        plan: the one that is being worked on.
        guidelines: gives their text, in Markdown.
        changed: says in a sentence that the dataset is no longer what it was, or "".
        with_scores: whether people see judges' scores before they decide.
        lease_s: for how long an item is a person's, since they last worked.
        cookie: the name of the sessions' cookie; of its own, since ports share their cookies.
        secure: whether the page is reached by https alone.
        files: of the page, by their paths.
        attempts: to log in that failed.
    """

    store: ReviewStore
    plan: ReviewPlan
    guidelines: Callable[[], str]
    changed: Callable[[], str] = lambda: ""
    with_scores: bool = False
    lease_s: float = 1800.0
    cookie: str = "silversmith"
    secure: bool = False
    files: dict[str, PageFile] = field(default_factory=dict)
    attempts: Attempts = field(default_factory=Attempts)
    _totals: tuple[float, dict[str, int]] = field(default=(0.0, {}), init=False)

    @cached_property
    def roles(self) -> Counter[str]:
        """How many items of each role the plan has."""
        return Counter(item.role for item in self.plan.items)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """What is in the database, without stopping others meanwhile."""
        return await asyncio.to_thread(self.store.database.read, work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Done, and safe on disk."""
        try:
            return await asyncio.wrap_future(self.store.database.write(work))
        except ClashError:  # another server on the same database was as quick
            return await asyncio.wrap_future(self.store.database.write(work))

    async def totals(self) -> dict[str, int]:
        """How far the review is in all, as of some seconds ago."""
        until, known = self._totals
        if not known or time.monotonic() > until:
            self._totals = (time.monotonic() + _TOTALS_S, known)  # one asks, others need not wait
            known = await self.read(lambda connection: totals(connection, self.plan.id, self.roles))
            self._totals = (time.monotonic() + _TOTALS_S, known)
        return known


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class LogIn(_Strict):
    token: str = Field(min_length=1, max_length=200)


class Next(_Strict):
    have: list[_Id] = Field(default=[], max_length=20)
    decided: list[_Id] = Field(default=[], max_length=500)
    again: bool = False


class Given(_Strict):
    """A verdict, or that one is taken back."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")
    item: _Id
    verdict: Literal["accept", "reject", "fix", "skip", "pick", "undo"]
    undoes: str = Field(default="", max_length=64)
    pick: Literal["", "left", "right", "neither"] = ""
    reason: str = Field(default="", max_length=80)
    text: str = Field(default="", max_length=20_000)
    fixed: dict[str, Any] | None = None
    wrong_steps: list[Annotated[int, Field(ge=0, le=10_000)]] = Field(default=[], max_length=10_000)
    shown: str = Field(default="", max_length=64)
    scores_shown: bool = False
    settles: bool = False
    seconds: float = Field(default=0.0, ge=0, le=86_400, allow_inf_nan=False)
    decided: str = Field(default="", pattern=r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)?$")


class Verdicts(_Strict):
    entries: list[Given] = Field(max_length=50)


class Reason(_Strict):
    name: str = Field(min_length=1, max_length=80)


def make_app(served: Served) -> FastAPI:
    """The application; `Guard` is to stand before it."""

    app = FastAPI(
        title="silversmith review",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.served = served
    app.include_router(_router)
    app.add_exception_handler(RequestValidationError, cast(Any, _not_valid))
    app.add_exception_handler(StarletteHTTPException, cast(Any, _http_error))
    app.add_exception_handler(ReviewError, cast(Any, _review_error))
    return app


_router = APIRouter()


async def _served(request: Request) -> Served:
    # Asynchronous, since anything else would take a thread for each request.
    return cast(Served, request.app.state.served)


ServedHere = Annotated[Served, Depends(_served)]


async def _who(request: Request, served: ServedHere) -> Session:
    key = request.cookies.get(served.cookie, "")
    found = await served.read(lambda connection: session_of(connection, key)) if key else None
    if found is None:
        raise HTTPException(401, "Open the page by the link that you were given")
    if request.method not in ("GET", "HEAD"):
        sent = request.headers.get("x-csrf-token", "")
        if not secrets.compare_digest(sent.encode(), found.csrf.encode()):
            raise HTTPException(403, "The page is out of date: load it again")
    return found


Who = Annotated[Session, Depends(_who)]


async def _owner(who: Who) -> Session:
    if not who.owner:
        raise HTTPException(403, "This is for the owner of the review")
    return who


Owner = Annotated[Session, Depends(_owner)]
ItemId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@_router.get("/", include_in_schema=False)
async def index(request: Request, served: ServedHere) -> Response:
    return _file(request, served, "index.html")


@_router.get("/page/{path:path}", include_in_schema=False)
async def page_file(request: Request, served: ServedHere, path: str) -> Response:
    return _file(request, served, path)


@_router.get("/favicon.ico", include_in_schema=False)
async def icon(request: Request, served: ServedHere) -> Response:
    return _file(request, served, "icon.svg")


@_router.post("/api/login")
async def login(request: Request, served: ServedHere, given: LogIn) -> Response:
    """Exchange a link's token for a session."""
    address = request.client.host if request.client else ""
    if wait := served.attempts.wait_s(address):
        return _json(
            {"error": "Too many wrong links: wait a minute, and open yours again"},
            429,
            {"retry-after": str(int(wait) + 1)},
        )
    key = await served.write(lambda connection: log_in(connection, given.token))
    if key is None:
        served.attempts.failed(address)
        return _json({"error": "This link does not hold: ask for a new one"}, 401)
    reply = _json({})
    reply.set_cookie(
        served.cookie, key, max_age=30 * 86_400, httponly=True, samesite="strict",
        secure=served.secure, path="/",
    )  # fmt: skip
    return reply


@_router.post("/api/logout")
async def logout(request: Request, served: ServedHere, who: Who) -> Response:
    """End the session."""
    key = request.cookies.get(served.cookie, "")
    await served.write(lambda connection: log_out(connection, key))
    reply = _json({})
    reply.delete_cookie(served.cookie, path="/")
    return reply


@_router.get("/api/me")
async def me(served: ServedHere, who: Who) -> Response:
    """Who is logged in, and what the page needs to begin."""

    def work(connection: Connection) -> dict[str, Any]:
        return {
            "reasons": known_reasons(connection),
            "progress": progress_of(connection, served.plan.id, who.reviewer),
        }

    found = await served.read(work)
    return _json(
        {
            "name": who.name,
            "owner": who.owner,
            "csrf": who.csrf,
            "plan": served.plan.id,
            "with_scores": served.with_scores,
            "guidelines": served.guidelines(),
            "totals": await served.totals(),
            **found,
        }
    )


@_router.post("/api/next")
async def next_items(served: ServedHere, who: Who, given: Next) -> Response:
    """The next items for this person, so that their page holds a few; they are lent to them."""
    plan = served.plan.id

    def lend(connection: Connection) -> tuple[list[Any], dict[str, int]]:
        if given.again:
            take_up_skipped(connection, plan, who.reviewer)
        found = give_out(
            connection, plan, who.reviewer,
            have=given.have, decided=given.decided, count=HELD, lease_s=served.lease_s,
        )  # fmt: skip
        query = select(items.c.item, items.c.body).where(
            items.c.plan == plan, items.c.item.in_(found)
        )
        bodies = {row.item: row.body for row in connection.execute(query)} if found else {}
        mine = progress_of(connection, plan, who.reviewer)
        return [(item, bodies[item]) for item in found], mine

    lent, mine = await served.write(lend)
    views = [_view(served, who, item, body) for item, body in lent]
    return _json({"items": views, "progress": mine, "totals": await served.totals()})


@_router.get("/api/items/{item}")
async def one_item(served: ServedHere, who: Who, item: ItemId) -> Response:
    """An item that is or was lent to this person."""
    body = await served.read(lambda connection: _body(connection, served, who, item))
    return _json(_view(served, who, item, body))


@_router.post("/api/items/{item}/reveal")
async def reveal(served: ServedHere, who: Who, item: ItemId) -> Response:
    """What is hidden until the decision. Who asked for it, and when, is in the log: what they
    decide about it later counts as decided with the scores in sight."""
    plan = served.plan

    def work(connection: Connection) -> bytes:
        body = _body(connection, served, who, item)
        _log_reveal(connection, plan, who, item)
        return body

    body = await served.write(work)
    return _json(after_decision(unpack(body), plan=plan.id, item=item, reviewer=who.reviewer))


@_router.post("/api/verdicts")
async def verdicts(served: ServedHere, who: Who, given: Verdicts) -> Response:
    """Add verdicts to the log, in this order. Sent again, they are added once.

    Each is answered by itself: stored, or refused with a sentence. What could not be written
    (507) is to be sent again, all of it.
    """

    def entering(entry: Entry) -> Callable[[Connection], str]:
        def work(connection: Connection) -> str:
            return enter(connection, served.plan.id, who, entry, lease_s=served.lease_s)

        return work

    results = []
    for one in given.entries:
        entry = Entry(**{**one.model_dump(), "wrong_steps": tuple(one.wrong_steps)})
        try:
            verdict = await served.write(entering(entry))
        except FullDiskError:
            raise
        except ReviewError as error:
            results.append({"id": one.id, "state": "refused", "why": str(error)})
        else:
            results.append({"id": one.id, "state": "stored", "verdict": verdict})
    return _json({"results": results})


@_router.get("/api/owner")
async def owner_page(served: ServedHere, who: Owner) -> Response:
    """People, agreement and disputes."""
    found = await served.read(lambda connection: overview(connection, served.plan.id, served.roles))
    return _json(found | {"changed": served.changed(), "planned": len(served.plan.items)})


@_router.get("/api/owner/items/{item}")
async def owner_item(served: ServedHere, who: Owner, item: ItemId) -> Response:
    """An item with all that is known of it, to settle it."""
    body = await served.read(lambda connection: _body(connection, served, who, item))
    after = after_decision(unpack(body), plan=served.plan.id, item=item, reviewer=who.reviewer)
    return _json({"view": _view(served, who, item, body), "after": after})


@_router.post("/api/owner/reasons")
async def new_reason(served: ServedHere, who: Owner, given: Reason) -> Response:
    """One more defect that people can name."""
    name = " ".join(given.name.split())
    if not name or not name.isprintable():
        raise HTTPException(422, "name: give some printable characters")
    await served.write(lambda connection: add_reason(connection, name))
    return _json({"reasons": await served.read(known_reasons)})


def _view(served: Served, who: Session, item: str, body: bytes) -> dict[str, Any]:
    return shown_to(
        unpack(body), plan=served.plan.id, item=item, reviewer=who.reviewer,
        with_scores=served.with_scores,
    )  # fmt: skip


def _body(connection: Connection, served: Served, who: Session, item: str) -> bytes:
    """The sample of an item that this person may see."""
    lent = assigned(connection, served.plan.id, who.reviewer, item)
    body = connection.execute(
        select(items.c.body).where(items.c.plan == served.plan.id, items.c.item == item)
    ).scalar()
    if body is None or ((lent is None or lent.state == "due") and not who.owner):
        raise HTTPException(404, "There is no such item among yours")
    return cast(bytes, body)


def _log_reveal(connection: Connection, plan: ReviewPlan, who: Session, item: str) -> None:
    row = connection.execute(
        select(items.c.sample, items.c.content).where(items.c.plan == plan.id, items.c.item == item)
    ).one()
    connection.execute(
        insert(log).values(
            id=f"reveal-{secrets.token_hex(12)}", kind="reveal", undoes="", plan=plan.id,
            dataset=plan.dataset, item=item, sample=row.sample, content=row.content,
            reviewer=who.name, verdict="", reason="", text="", fixed="", wrong_steps="[]",
            shown="", scores_shown=True, settles=False, seconds=0.0,
            decided=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), received=time.time(),
        )
    )  # fmt: skip


def _file(request: Request, served: Served, path: str) -> Response:
    found = served.files.get(path)
    if found is None:
        raise HTTPException(404, "There is no such page")
    headers = {"etag": found.tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == found.tag:
        return Response(status_code=304, headers=headers)
    return Response(found.data, media_type=found.kind, headers=headers)


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, "application/json")


async def _not_valid(_: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "the request"
    return _json({"error": f"{where}: {first['msg']}"}, 422)


async def _http_error(_: Request, error: StarletteHTTPException) -> Response:
    return _json({"error": str(error.detail)}, error.status_code, dict(error.headers or {}))


async def _review_error(_: Request, error: ReviewError) -> Response:
    """What was sent is right, and cannot be taken for now."""
    return _json({"error": str(error)}, 507 if isinstance(error, FullDiskError) else 503)
