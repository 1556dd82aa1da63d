"""Import: an export is dropped, comes in pieces, is imported as from anywhere, and told in sentences."""

# No `from __future__ import annotations`: FastAPI reads annotations.

import asyncio
import contextlib
import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from segue.library import Library
from segue.library.importing import ImportReport, import_path
from segue.library.readers.base import ReadOptions
from segue.service.asking import HouseGiven
from segue.service.house import House
from segue.service.pages import frame
from segue.service.pages.doorkeeper import Sent, Signed, Visitor, may, refuse_strangers, refuse_without_word
from segue.service.pages.texts import text
from segue.service.problems import Refused
from segue.service.v1 import work
from segue.wording import listed

router = frame.router()
LARGEST = 4 << 30  # bytes of an export
KINDS = ("listens", "feedback", "playlists", "track_facts")
KEPT = 24 * 3600  # seconds for which what came of an unfinished upload is kept


@router.get("/import")
def choose(request: Request, here: HouseGiven, who: Signed) -> Response:
    """Where an export is dropped, and what there is already."""
    may(who, "submit")
    library = here.engines.current.library
    trained = "factors" in here.engines.models
    job = next(iter(here.jobs.latest(1)), None) if who.token.may("admin") else None
    return frame.page(
        request,
        "import",
        who,
        plays=library.count("listens"),
        tracks=library.count("tracks"),
        playlists=library.count("playlists"),
        trained=trained,
        job=work.Job.of(job) if job else None,
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
    if at + len(body) > LARGEST:
        raise Refused(413, "This file is too large to be sent", hint="run segue import on the machine itself")
    await asyncio.to_thread(_append, path, body, at)
    if not last:
        return frame.part("piece", who)
    try:
        report = await asyncio.to_thread(_take, here, path, whose)
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)
    trained = "factors" in here.engines.models
    return frame.part("imported", who, sentences=told(report), whose=whose, trained=trained)


@router.post("/import/train")
def train(here: HouseGiven, who: Signed, _: Sent) -> Response:
    """Learn from what is there, then make the lists that are due."""
    may(who, "admin")
    work.begin(here, work.Asked(kind="train"))
    return frame.back("/operator")


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


def _take(here: House, path: Path, listener: str) -> ImportReport:
    library = Library.open(here.engines.path)
    report = import_path(library, path, options=ReadOptions(listener=listener))
    here.engines.look()
    return report
