"""Import: an export is dropped, comes in pieces, is imported as from anywhere, and told in sentences."""

# No `from __future__ import annotations`: FastAPI reads annotations.

import asyncio
import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from segue.errors import SegueError
from segue.library import Library
from segue.library.few_listeners import playlists_alone
from segue.library.importing import ImportReport, import_path
from segue.library.readers.base import ReadOptions
from segue.progress import Advance, reporting
from segue.service.asking import HouseGiven
from segue.service.house import House
from segue.service.pages import frame
from segue.service.pages.doorkeeper import (
    Sent,
    Signed,
    Visitor,
    choose,
    knows,
    may,
    refuse_strangers,
    refuse_without_word,
)
from segue.service.pages.telling import on_page
from segue.service.pages.texts import text
from segue.service.problems import Refused
from segue.service.v1 import work
from segue.wording import listed

router = frame.router()
LARGEST = 4 << 30  # bytes of an export
KINDS = ("listens", "feedback", "playlists", "track_facts")
KEPT = 24 * 3600  # seconds for which what came of an unfinished upload is kept


@router.get("/import")
def bring(request: Request, here: HouseGiven, who: Signed) -> Response:
    """Where an export is dropped, and what there is already."""
    may(who, "submit")
    library = here.engines.current.library
    trained = "factors" in here.engines.models
    last = next(iter(here.jobs.latest(1)), None) if who.token.may("admin") else None
    return frame.page(
        request,
        "import",
        who,
        plays=library.count("listens"),
        tracks=library.count("tracks"),
        playlists=library.count("playlists"),
        trained=trained,
        listed=bool(who.listener and here.stored.names(who.listener)),
        job=work.Job.of(last) if last else None,
    )


@router.post("/import/file")
async def piece(
    request: Request,
    here: HouseGiven,
    who: Signed,
    name: Annotated[str, Query(min_length=1, max_length=300)],
    at: Annotated[int, Query(ge=0)],
    last: bool,
    listener: Annotated[str, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = "",
) -> Response:
    """A piece of a file; with the last one, all of it is imported."""
    may(who, "submit")
    refuse_strangers(request)
    refuse_without_word(request.headers.get("x-segue-word", ""), who)
    whose = who.token.listener or listener.strip() or who.listener or "me"
    body = await request.body()
    path = _place(here, who, name)
    request.state.called = {str(path): name, f"{path.parent}/": ""}
    if at + len(body) > LARGEST:
        raise Refused(413, "This file is too large to be sent", hint=text("import.on_machine"))
    await asyncio.to_thread(_append, path, body, at)
    if not last:
        return frame.part("piece", who)
    seen = _reading(request)[who.word] = Seen()
    try:
        report = await asyncio.to_thread(_take, here, path, whose, seen)
    finally:
        _reading(request).pop(who.word, None)  # another file may have been sent meanwhile
        shutil.rmtree(path.parent, ignore_errors=True)
    if playlists_alone(here.engines.current.library):
        then = text("import.next_own")
    else:
        then = text("import.next_trained" if "factors" in here.engines.models else "import.next")
    sentences = [on_page(each, request.state.called) for each in told(report)]
    answer = frame.part("imported", who, sentences=sentences, whose=whose, then=then)
    if who.token.everybody and knows(here, whose):
        choose(request, answer, whose)
    return answer


@router.get("/import/progress")
def progress(request: Request, who: Signed) -> Response:
    """How far an import is that goes on: in words, and as a share where the end is known."""
    may(who, "submit")
    seen = _reading(request).get(who.word)
    return JSONResponse(
        {"what": seen.what if seen else "", "share": seen.share if seen else None}, headers=frame.SAFE
    )


@router.post("/import/train")
def train(here: HouseGiven, who: Signed, _: Sent) -> Response:
    """Learn from what is there; the page shows how far it is."""
    may(who, "admin")
    work.begin(here, work.Asked(kind="train"))
    return frame.back("/import#path")


@router.get("/jobs/{number}/events")
async def events(here: HouseGiven, who: Signed, number: work.Number) -> Response:
    """Server-sent events: what a job says, until it has ended."""
    may(who, "admin")
    await asyncio.to_thread(here.jobs.find, number)  # a number that is none is told at once
    headers = {**frame.SAFE, "x-accel-buffering": "no"}
    return StreamingResponse(_events(here, number), media_type="text/event-stream", headers=headers)


async def _events(here: House, number: int) -> AsyncGenerator[str]:
    last, quiet = "", 0.0
    while True:
        job = work.Job.of(await asyncio.to_thread(here.jobs.find, number))
        if job.state != "running":
            with contextlib.suppress(SegueError):  # else the service looks again, within seconds
                await asyncio.to_thread(here.engines.look)  # so that the page that follows has it
        html = frame.templates().get_template("parts/job.html").render(job=job)
        data = json.dumps({"html": html, "mark": job.state, "done": job.state != "running", "reload": True})
        if data != last:
            last, quiet = data, 0.0
            yield f"event: state\ndata: {data}\n\n"
        if job.state != "running":
            return
        await asyncio.sleep(work.LOOK)
        quiet += work.LOOK
        if quiet >= work.ALIVE:
            quiet = 0.0
            yield ": still there\n\n"


class Seen:
    """How far an import is, as `segue.progress` reports it; read by another thread."""

    def __init__(self) -> None:
        self.what, self.share = "", None

    share: float | None

    @contextlib.contextmanager
    def task(self, what: str, total: float | None, unit: str) -> Generator[Advance]:
        """A piece of the import."""
        done = 0.0
        self.what, self.share = what, 0.0 if total else None

        def advance(amount: float) -> None:
            nonlocal done
            done += amount
            if total:
                self.share = min(done / total, 1.0)

        yield advance

    def step(self, what: str, number: int, total: int) -> None:
        """A step of a longer piece of work."""
        self.what = what


def _reading(request: Request) -> dict[str, Seen]:
    """The imports that go on, by the word of who sent them."""
    if not hasattr(request.app.state, "reading"):
        request.app.state.reading = {}
    return request.app.state.reading


def told(report: ImportReport) -> list[str]:
    """What came of an import, in sentences."""
    lines = [text("import.format", formats=listed(report.formats))]
    for kind in KINDS:
        count = report.counts.get(kind)
        if count is None or not count.read:
            continue
        lines.append(text(f"import.{kind}", n=f"{count.stored:,}"))
        if count.already_there:
            lines.append(text("import.already", n=f"{count.already_there:,}"))
    if report.tracks:
        lines.append(text("import.tracks", n=f"{report.tracks:,}"))
    for source, n in report.same_as.items():
        lines.append(text("import.same", n=f"{n:,}", source=source))
    lines += [text("import.durations", source=source) for source in report.without_durations]
    if rejected := report.counts["rejects"].rejected if "rejects" in report.counts else 0:
        lines.append(text("import.rejected", n=f"{rejected:,}"))
    lines += [text("import.passed", name=name, why=why) for name, why in report.passed_over[:3]]
    return lines


def _place(here: House, who: Visitor, name: str) -> Path:
    """Where a file gathers; a visitor sends one at a time."""
    root = Path(tempfile.gettempdir()) / f"segue-import-{who.word}"
    for old in root.parent.glob("segue-import-*"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > KEPT:
                shutil.rmtree(old, ignore_errors=True)
    root.mkdir(mode=0o700, exist_ok=True)
    plain = "".join(each if each.isalnum() or each in " .-_" else "_" for each in Path(name).name)[-150:]
    return root / (plain.lstrip(".") or "export")


def _append(path: Path, body: bytes, at: int) -> None:
    size = path.stat().st_size if path.exists() else 0
    if at == 0:
        path.write_bytes(body)
        return
    if at != size:
        raise Refused(409, "A piece of the file is missing", hint="drop it once more")
    with path.open("ab") as out:
        out.write(body)


def _take(here: House, path: Path, listener: str, seen: Seen) -> ImportReport:
    library = Library.open(here.engines.path)
    with reporting(seen):
        report = import_path(library, path, options=ReadOptions(listener=listener))
    here.engines.look()
    return report
