"""`segue exclude`: what is left out of a listener's taste."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import LIBRARY, JsonOption, LibraryOption
from segue.cli.printing import print_json, print_table
from segue.errors import NotFoundError, UsageError
from segue.wording import count

if TYPE_CHECKING:
    from segue.engine.past import PastSession
    from segue.library.excluding import Span

SHOWN = 3  # tracks of a session


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(exclude)


@dataclass(frozen=True)
class When:
    """Which plays are meant."""

    session: Annotated[
        int | None, typer.Option("--session", "-s", min=1, help="A session, by its number in the table.")
    ] = None
    since: Annotated[
        str | None,
        typer.Option("--from", help="From this moment on, as 2026-11-28T20:00; UTC without a zone."),
    ] = None
    until: Annotated[str | None, typer.Option("--to", help="Until this moment.")] = None


def exclude(
    listener: Annotated[str, typer.Argument(help="Whose plays.")],
    when: When,
    back: Annotated[bool, typer.Option("--back", help="Let them count again.")] = False,
    most: Annotated[int, typer.Option("-n", min=1, max=1000, help="Sessions in the table.")] = 10,
    library: LibraryOption = LIBRARY,
    json: JsonOption = False,
) -> None:
    """Leave plays out of a listener's taste: they stay in the library, and count for no list or model.

    Somebody else had the phone, or it was a party. Without a session or a span of time, the last sessions are
    listed with their numbers. Lists, tastes and radios follow at once, models with the next training.
    """
    from segue.cli.options import library_with
    from segue.engine.past import past_sessions
    from segue.library.excluding import exclude as leave_out
    from segue.library.excluding import exclusions, take_back

    opened = library_with(library, [listener])
    if when == When():
        if back:
            raise UsageError("What is to count again?", hint="name it with --session, or --from and --to")
        found = past_sessions(opened, listener, most)
        if json:
            told = [_told(each) for each in found]
            print_json(
                {"sessions": told, "left_out": [_words(each) for each in exclusions(opened, listener)]}
            )
        elif found:
            print_table(
                f"Sessions of {listener}, UTC", _COLUMNS, [_row(n, s) for n, s in enumerate(found, 1)]
            )
        else:
            print(f"Nothing that {listener} played has a time.")
        return
    span = _span(when, lambda number: past_sessions(opened, listener, number))
    spans = (take_back if back else leave_out)(opened, listener, span)
    if json:
        print_json({"left_out": [_words(each) for each in spans]})
        return
    print(f"What {listener} played from {_at(span.begins)} to {_at(span.ends)} UTC", end=" ")
    print("counts again." if back else "counts for no taste.")
    if not back:
        print("Undo it with the same and --back.")


_COLUMNS = ["", "from", "to", "plays", "left out", "what"]


def _row(number: int, session: PastSession) -> tuple[object, ...]:
    names = [play.track.title or play.track.track_id for play in session.plays[:SHOWN]]
    more = ", ..." if session.count > SHOWN else ""
    out = "" if not session.left_out else "all" if session.left_out == session.count else session.left_out
    ends = _at(session.ends) if session.ends.date() != session.begins.date() else f"{session.ends:%H:%M}"
    return (number, _at(session.begins), ends, session.heard, out, ", ".join(names) + more)


def _told(session: PastSession) -> dict[str, object]:
    words = _words(session.span) | {"count": session.count, "skipped": session.skipped}
    words["left_out"] = session.left_out
    return words | {"tracks": [play.track.track_id for play in session.plays]}


def _words(span: Span) -> dict[str, object]:
    return {name: moment.isoformat() for name, moment in span._asdict().items()}


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _span(when: When, last: Callable[[int], list[PastSession]]) -> Span:
    """The span that is meant.

    Raises:
        UsageError: it is said twice, or by half.
        NotFoundError: there is no such session.
    """
    from segue.library.excluding import Span

    if when.session is not None:
        if when.since or when.until:
            raise UsageError("A session, or a span of time?", hint="give --session, or --from and --to")
        found = last(when.session)
        if len(found) < when.session:
            raise NotFoundError(
                f"There is no session {when.session}", expected=f"one of {count(len(found), 'session')}"
            )
        return found[-1].span
    if not (when.since and when.until):
        raise UsageError("A span of time has two ends", hint="give --from and --to")
    return Span(_moment(when.since), _moment(when.until))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError("That is no moment", expected="2026-11-28T20:00", got=text[:60]) from None
