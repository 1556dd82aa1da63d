"""Whatever happened to a file of ours, it is whole, or an error names it and says what to do.

Files that carry checksums (or that zip checks) are never taken for whole when they are not. Those that people
write, playlists and settings, are read as what they say by now, or refused.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.sparse import random as sparse

from segue.engine.schedule import read_zones
from segue.errors import FormatError, SegueError, UsageError
from segue.factors import ImplicitALS
from segue.factors.ease import EASE
from segue.factors.items import ItemNeighbours
from segue.library import Library
from segue.library.forgotten import ForgottenList
from segue.neighbours import Index
from segue.playlists.formats import FORMATS, read, write
from segue.playlists.memory import Weeks
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard
from segue.settings import Settings, as_toml, load_settings
from segue.shelf import Shelf
from segue.shelf.arrays import load_arrays, pack_strings, save_arrays
from segue.shelf.names import WORLD, shelf_of
from segue.tastes.space import TasteSpace
from segue.testing.exporter import sample
from segue.testing.reader import STRANGE, damaged, misfilled
from segue.town import TownConfig

MONSTERS = (
    *(b"x" * 140_000, b'"' + b"y" * 140_000 + b'"', b"[" * 100_000, b'{"a":' * 100_000, b"1e999", b"-1e999"),
    *(b"<a>" * 100_000, b"9" * 5_000, b'"' * 70_000, b"\r" * 1_000, b"\x00" * 3_000, b"," * 70_000),
    b"a." * 50_000 + b"a = 1\n",
)


class Case(NamedTuple):
    """A file, or a folder of files, of ours, and how it is read."""

    path: Path
    read: Callable[[Path], Any]
    checked: bool = True  # whether any change must be noticed


def _npz(model: Any) -> list[Any]:
    arrays = {name: value for name, value in vars(model).items() if isinstance(value, np.ndarray)}
    return [model.config.model_dump(), {name: value.tobytes() for name, value in sorted(arrays.items())}]


def _index(path: Path) -> list[Any]:
    index = Index.load(path, mmap=False)
    return [index.facts(), index.query(np.eye(4, dtype=np.float32)[:2], 3)[0].tolist()]


def _shelf(path: Path) -> list[Any]:
    shelf = Shelf(path)
    folder = shelf.path("model")
    return [folder.name, shelf.manifest("model").model_dump(), (folder / "a").read_bytes()]


def _plain(playlist: Playlist) -> None:
    for entry in playlist.entries:
        assert isinstance(entry.track.title, str | None) and isinstance(entry.track.artists, tuple)
        assert entry.track.duration_ms is None or 0 <= entry.track.duration_ms < 1 << 63


def _cases(folder: Path) -> Iterator[tuple[str, Case]]:
    """Small files of every kind that is written without the extras, and a reader of each."""
    rng = np.random.default_rng(0)
    matrix = sparse(12, 9, 0.4, "csr", dtype=np.float32, random_state=0)
    for model in (ImplicitALS(factors=4, iterations=1, random_state=0), EASE(), ItemNeighbours()):
        model.fit(matrix)
        kind, path = type(model), folder / f"{type(model).__name__}.npz"
        model.save(path)
        yield path.stem, Case(path, lambda p, kind=kind: _npz(kind.load(p)))
    space = TasteSpace(rng.random((5, 3), dtype=np.float32), 1.5)
    space.save(folder / "space.npz")
    yield "space", Case(folder / "space.npz", lambda p: TasteSpace.load(p).vectors.tobytes())
    save_arrays(folder / "arrays.npz", "thing", {"n": 3}, {"a": rng.random(20)})
    yield "arrays", Case(folder / "arrays.npz", lambda p: repr(load_arrays(p, "thing")))
    index = Index(4)
    index.add(rng.random((20, 4), dtype=np.float32), np.arange(20))
    index.save(folder / "index")
    yield "index", Case(folder / "index", _index)
    shelf = Shelf(folder / "shelf")
    for n in range(2):
        shelf.publish(
            "model", lambda at, n=n: (at / "a").write_text(f"{n}" * 99) and None, {"config": {"n": n}}
        )
    yield "shelf", Case(folder / "shelf", _shelf)
    ForgottenList(folder).add(["ana", "bo"])
    yield "departed", Case(folder / "departed.json", lambda p: sorted(ForgottenList(p.parent).read().hashes))
    Library.open(folder / "library", create=True)
    yield "library", Case(folder / "library" / "library.json", lambda p: Library.open(p.parent)._catalogue)
    cards = tuple(PlaylistEntry(n, TrackCard(f"t{n}", f"Song {n}", ("A",))) for n in range(1, 9))
    weeks = Weeks(folder / "weeks")
    weeks.remember("2026-W10", [Playlist("T", "ana", "2026-W10", datetime(2026, 3, 2, tzinfo=UTC), cards)])
    yield "weeks", Case(weeks.files("2026-W10")[0], lambda p: Weeks(p.parent).read("2026-W10").to_pylist())
    (folder / "time-zones.csv").write_text('ana,Europe/Oslo\n"bo, b",UTC\n')
    yield "zones", Case(folder / "time-zones.csv", lambda p: read_zones(p.parent), False)
    (folder / "segue.toml").write_text(as_toml(Settings()))
    yield "settings", Case(folder / "segue.toml", lambda p: as_toml(load_settings(p)), False)
    for name, format in FORMATS.items():
        path = write(sample(), folder / f"list{format.suffixes[0]}")
        yield name, Case(path, lambda p: _plain(read(p)), False)
    (folder / "list.pls").write_text("[playlist]\nFile1=/a.mp3\nTitle1=A - B\nLength1=3\nNumberOfEntries=1\n")
    yield "pls", Case(folder / "list.pls", lambda p: _plain(read(p)), False)
    from segue.town import Town
    from segue.town.truth import load_truth

    Town(TownConfig.named("ordinary", listeners=5, tracks=500, months=0.2), 1).truth().save(folder / "truth")
    yield "truth", Case(folder / "truth", lambda p: load_truth(p).track_ids.tolist(), False)


def _models(folder: Path) -> Iterator[tuple[str, Case]]:
    """What the extras write: song vectors, a blend with its network, an agent, user models."""
    jax = pytest.importorskip("jax")
    sys.path.insert(0, str(Path(__file__).parent / "agents"))
    import toy

    from segue.agents.agent import Agent
    from segue.agents.config import AgentConfig
    from segue.sequences.blend import SequenceBlend
    from segue.sequences.blend_config import SequenceBlendConfig
    from segue.sequences.documents import Documents
    from segue.sequences.network_config import TasteNetworkConfig
    from segue.sequences.vectors import SongVectors, SongVectorsConfig
    from segue.world import loading
    from segue.world.fitting import init_model
    from segue.world.trees import to_arrays

    def leaves(tree: Any) -> list[bytes]:
        return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(tree)]

    def read_blend(path: Path) -> list[Any]:
        blend = SequenceBlend.load(path)
        return [repr(blend.weights_), leaves(blend.network_.module_), blend.track_ids_.tolist()]

    few = Documents.from_lists([["a", "b", "c"]] * 6)
    vectors = SongVectors(SongVectorsConfig(dim=4, epochs=2)).fit(few)
    vectors.save(folder / "vectors.npz")
    yield "vectors", Case(folder / "vectors.npz", lambda p: SongVectors.load(p).in_.tobytes())
    small = TasteNetworkConfig(hidden=4, negatives=4, length=4, batch=4, epochs=1)
    SequenceBlend(SequenceBlendConfig(network=small)).fit(few, vectors).save(folder / "blend")
    yield "blend", Case(folder / "blend", read_blend)
    agent = Agent(AgentConfig(iterations=1, sessions=2, steps=2, updates=1, batch=2, hidden=(4,)))
    agent.fit(toy.WORLD, toy.PARAMS, seed=0).save(folder / "agent.npz")
    yield "agent", Case(folder / "agent.npz", lambda p: leaves(Agent.load(p).params_))
    shelf = shelf_of(Library.open(folder / "world", create=True))
    arrays = {"tracks": pack_strings(["a"]), "shares": np.ones(4)}
    arrays |= to_arrays("plain", init_model(jax.random.key(0), "plain"))
    facts = {"models": ["plain"]}
    shelf.publish(
        WORLD,
        lambda at: save_arrays(at / loading.FILE, loading.KIND, facts, arrays),
        {"config": {}},
    )

    def read_world(path: Path) -> list[Any]:
        models, tracks, shares = loading.stored_world(Library.open(path.parent))
        return [leaves(models), tracks, shares.tobytes()]

    yield "user models", Case(shelf.folder, read_world)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    return dict(_cases(tmp_path_factory.mktemp("damage")))


def _spoilt(data: bytes, checked: bool, others: list[bytes], draw: random.Random) -> bytes:
    """`data` with a fault or several, as disks, transfers, editors and enemies make them."""
    at, kind = draw.randrange(len(data) + 1), draw.randrange(12)
    end = min(len(data), at + draw.choice((1, 2, 16, 512, len(data))))
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes(end - at) + data[end:]
    if kind == 2:
        return data[:at] + data[end:]
    if kind == 3:
        return data[:at] + draw.randbytes(end - at) + data[end:]
    if kind == 4:
        return data[:at] + draw.choice(MONSTERS) + data[at + draw.choice((0, 1, 20)) :]
    if kind == 5:
        return data.replace(b"\n", draw.choice((b"\r", b"\n\r", b"\r\r\n", b"\x85", b"\xe2\x80\xa8", b"")))
    if kind == 6:
        return draw.choice(others)
    if kind == 7:
        return draw.choice(STRANGE) + data
    if kind == 8 and not checked and len(data) < 100_000:
        return misfilled(data, draw)
    if kind == 9 and len(data) < 100_000:
        return damaged(data, draw)
    if kind == 10 and data[:1] == b"{":
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(data)
            del value[draw.choice(sorted(value))]
            return json.dumps(value).encode()
    bits = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 50)) if data else 0):
        bits[draw.randrange(len(bits))] ^= 1 << draw.randrange(8)
    return bytes(bits)


def _attack(cases: dict[str, Case], times: int, seed: int) -> dict[str, int]:
    """Damage files at random and read them; how often each kind was refused."""
    draw, refused = random.Random(seed), dict.fromkeys(cases, 0)
    inside = {
        name: [p for p in sorted(case.path.rglob("*")) if p.is_file() and not p.name.startswith(".")]
        if case.path.is_dir()
        else [case.path]
        for name, case in cases.items()
    }
    others = [b"", *(path.read_bytes() for paths in inside.values() for path in paths[:3])]
    for name, case in cases.items():
        whole = case.read(case.path)
        for turn in range(times):
            path = draw.choice(inside[name])
            before = path.read_bytes()
            after = _spoilt(before, case.checked, others, draw)
            path.write_bytes(after)
            if case.path.is_dir() and draw.random() < 0.03:
                path.unlink()
            try:
                found = case.read(case.path)
            except SegueError as error:
                refused[name] += 1
                assert str(error).count("\n") < 40 and len(str(error)) < 5_000, error
                assert error.hint or error.expected or error.got, error
            except BaseException as error:
                raise AssertionError(f"{name}, {path.name}, seed {seed}, turn {turn}: {error!r}") from error
            else:
                assert not case.checked or found == whole, (name, path.name, seed, turn)
            path.write_bytes(before)
        assert case.read(case.path) == whole
    return refused


@pytest.mark.parametrize("seed", [1, *(pytest.param(k, marks=pytest.mark.slow) for k in range(100, 110))])
def test_no_damage_is_a_traceback_or_taken_for_whole(cases: dict[str, Case], seed: int) -> None:
    refused = _attack(cases, 12 if seed == 1 else 500, seed)
    assert all(count for name, count in refused.items() if cases[name].checked), refused


@pytest.mark.slow
def test_no_damage_of_a_model_is_a_traceback_or_taken_for_whole(tmp_path: Path) -> None:
    refused = _attack(dict(_models(tmp_path)), 250, int(os.environ.get("SEED", "1")))
    assert all(refused.values()), refused


@pytest.mark.parametrize(
    "text",
    [
        "[weekly]\rtracks = 30\r",
        "x = " + "[" * 100_000,
        "[weekly]\ntracks = 1e999\n",
        "[weekly]\ntracks = " + "9" * 5_000,  # more digits than Python reads
        "a." * 50_000 + "a = 1\n",  # tens of gigabytes in tomllib
        '"a".' * 50_000 + "a",
    ],
)
def test_settings_that_no_parser_takes(tmp_path: Path, text: str) -> None:
    (tmp_path / "segue.toml").write_bytes(text.encode())
    with pytest.raises(UsageError, match=r"segue\.toml"):
        load_settings(tmp_path / "segue.toml")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"format": "segue-playlist", "version": 1, "playlist": ' + "[" * 100_000),
        ("a.jspf", '{"playlist": {"track": [{"title": ' + "[" * 100_000),
        ("a.xspf", "<playlist><trackList>" + "<track>" * 100_000),
        ("a.csv", '"title"\r' + '"'),
    ],
)
def test_playlists_that_no_parser_takes(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    with pytest.raises(FormatError, match=name):
        read(tmp_path / name)


@pytest.mark.parametrize("suffix", [".csv", ".jspf", ".xspf", ".m3u8"])
def test_long_fields_odd_lines_and_numbers_for_titles_are_read(tmp_path: Path, suffix: str) -> None:
    long = "x" * 200_000
    text = {
        ".csv": f"title,artist,duration_ms\r{long},A,1e999\r17,B,5\r",
        ".jspf": '{"playlist": {"track": [{"title": "' + long + '", "duration": 1e999}, {"title": 17}]}}',
        ".xspf": f"<playlist><trackList>\r<track><title>{long}</title><duration>1e999</duration></track>"
        "<track><title>17</title></track></trackList></playlist>",
        ".m3u8": f"#EXTM3U\r#EXTINF:1e999,A - {long}\ra.mp3\r#EXTINF:5,17\rb.mp3\r",
    }[suffix]
    (tmp_path / f"list{suffix}").write_bytes(text.encode())
    first, second = (entry.track for entry in read(tmp_path / f"list{suffix}").entries)
    assert first.title is None, "no title is so long"
    assert first.duration_ms is None and second.title == "17"
