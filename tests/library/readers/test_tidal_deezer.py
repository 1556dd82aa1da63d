"""Tidal's streaming.csv, and Deezer's spreadsheet."""

from __future__ import annotations

import contextlib
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar
from xml.sax.saxutils import escape

from segue.library.importing import import_path
from segue.library.readers import ReadOptions
from segue.library.readers.deezer import Deezer
from segue.library.readers.tidal import Tidal
from segue.library.rows import Listen, Reject, TrackRef
from segue.library.store import Library
from segue.testing.reader import NOW, ReaderContract, entry_of, read

TIDAL = (
    "artist_name,track_title,entry_date,stream_duration_ms,product_type,ip_address,city_name,time_zone\n"
    '"WZRD, Cudi Feat. Desire",Teleport,08/03/2022 19:06,238000.0,TRACK,192.0.2.1,Town,America/Toronto\n'
    "Björk,Jóga,09/03/2022 0:02,3000.0,TRACK,null,null,null\n"
)
COLUMNS = (
    "Song Title",
    "Artist",
    "ISRC",
    "Album Title",
    "IP Address",
    "Listening Time",
    "Platform Name",
    "Date",
)
PLAY = ("Jóga", "Björk", "GBA019700001", "Homogenic", "192.0.2.1", "305", "web", "2024-03-04 17:00:00")


def spreadsheet(*rows: tuple[str, ...], shared: bool = True, name: str = "10_listeningHistory") -> bytes:
    """A workbook with two sheets, the second of which is of `rows`."""
    texts: list[str] = []

    def cell(column: int, row: int, value: str) -> str:
        at = f"{chr(65 + column)}{row}"
        if value.isdecimal():
            return f'<c r="{at}"><v>{value}</v></c>'
        if shared:
            texts.append(value)
            return f'<c r="{at}" t="s"><v>{len(texts) - 1}</v></c>'
        return f'<c r="{at}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'

    lines = "".join(
        f'<row r="{n}">' + "".join(cell(c, n, v) for c, v in enumerate(row) if v) + "</row>"
        for n, row in enumerate(rows, 1)
    )
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{relations}"><sheets>'
        f'<sheet name="1_account" r:id="r1"/>'
        f'<sheet name="{name}" r:id="r2"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/>'
        '<Relationship Id="r2" Target="/xl/worksheets/sheet2.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData/></worksheet>",
        "xl/worksheets/sheet2.xml": f"<worksheet {main}><cols/><sheetData>{lines}</sheetData></worksheet>",
    }
    if texts:
        items = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
        parts["xl/sharedStrings.xml"] = f"<sst {main}>{items}</sst>"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in parts.items():
            archive.writestr(path, content)
    return target.getvalue()


class TestTidal(ReaderContract):
    reader = Tidal()
    samples: ClassVar = {"streaming.csv": TIDAL.encode()}


class TestDeezer(ReaderContract):
    reader = Deezer()
    text = False
    document = True
    samples: ClassVar = {
        "deezer-data_1.xlsx": spreadsheet(COLUMNS, PLAY),
        "other.xlsx": spreadsheet(COLUMNS, PLAY, shared=False),
    }


def test_tidal() -> None:
    more = "A,B,08/03/2022 19:06,1,ALBUM,,,\nA,B,31/02/2022 19:06,1,TRACK,,,\n"
    more += "A,B,08/03/2022 19:06,-1,,,,Not/AZone\n"
    rows, error = read(Tidal(), "streaming.csv", (TIDAL + more).encode())
    assert error is None
    first = TrackRef("Teleport", ("WZRD", "Cudi", "Desire"))
    assert rows[0] == Listen("me", first, datetime(2022, 3, 9, 0, 6, tzinfo=UTC), 238_000)
    assert isinstance(rows[1], Listen)
    assert rows[1].started_at == datetime(2022, 3, 9, 0, 2, tzinfo=UTC)
    assert [row.place for row in rows if isinstance(row, Reject)] == ["line 5", "product_type"]
    assert isinstance(rows[3], Listen)
    assert rows[3].played_ms is None


def test_deezer() -> None:
    bad = ("", "Björk", "", "", "", "", "", "2024-03-04 17:00:00")
    unknown = (*PLAY[:5], "-1", "web", "45355")  # a day as Excel counts
    joint = ("Duo", "Vald, Alkpote", *PLAY[2:])
    rows, error = read(Deezer(), "deezer.xlsx", spreadsheet(COLUMNS, PLAY, bad, unknown, joint))
    assert error is None
    assert isinstance(rows[3], Listen)
    assert rows[3].track.artists == ("Vald", "Alkpote")
    track = TrackRef("Jóga", ("Björk",), "Homogenic", isrc="GBA019700001")
    assert rows[0] == Listen("me", track, datetime(2024, 3, 4, 17, tzinfo=UTC), 305_000)
    assert rows[1] == Reject("row 3", rows[1].reason)
    assert rows[2] == Listen("me", track, datetime(2024, 3, 4, tzinfo=UTC))


def test_deezer_in_french_and_in_a_zone() -> None:
    columns = ("Titre", "Artiste", "ISRC", "Album", "IP", "Temps d'écoute", "x", "Date d'écoute")
    data = spreadsheet(columns, PLAY, name="11_listeningHistory")
    options = ReadOptions(now=NOW, timezone="Europe/Paris")
    with contextlib.closing(entry_of("deezer.xlsx", data)) as entry:
        (row,) = Deezer().read(entry, options)
    assert isinstance(row, Listen)
    assert row.started_at == datetime(2024, 3, 4, 16, tzinfo=UTC)
    assert row.played_ms == 305_000


def test_another_spreadsheet_is_refused() -> None:
    assert read(Deezer(), "x.xlsx", spreadsheet(COLUMNS, PLAY, name="Sheet2"))[1] is not None
    assert read(Deezer(), "x.xlsx", spreadsheet(("A", "B"), PLAY))[1] is not None


def test_a_cell_that_points_to_no_text_costs_itself() -> None:
    data = io.BytesIO(spreadsheet(COLUMNS, PLAY))
    with zipfile.ZipFile(data) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    album = b'<c r="D2" t="s"><v>'
    for place in (b"99", b"9" * 5_000, b"-1"):
        whole = parts["xl/worksheets/sheet2.xml"]
        begin = whole.index(album) + len(album)
        broken = whole[:begin] + place + whole[whole.index(b"<", begin) :]
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for name, content in (parts | {"xl/worksheets/sheet2.xml": broken}).items():
                archive.writestr(name, content)
        (row,), error = read(Deezer(), "deezer.xlsx", target.getvalue())
        assert error is None
        assert isinstance(row, Listen)
        assert (row.track.title, row.track.album) == ("Jóga", None)


def test_a_spreadsheet_is_a_file_and_no_archive(tmp_path: Path) -> None:
    (tmp_path / "deezer.xlsx").write_bytes(spreadsheet(COLUMNS, PLAY))
    library = Library.open(tmp_path / "library", create=True)
    report = import_path(library, tmp_path / "deezer.xlsx")
    assert (report.formats, report.counts["listens"].stored) == (["deezer"], 1)
