"""Protocols of the literature on made-up files of the data sets' shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segue.errors import FormatError, NotFoundError, UsageError
from segue.evaluation.published import PUBLISHED, YAMBDA_TEST, evaluate_published
from segue.evaluation.splits import hold_out_some
from segue.factors.items import ItemNeighbours, Popularity

SYSTEMS = {"item neighbours": lambda _: ItemNeighbours(), "popularity": lambda _: Popularity()}


def likes(people: int, items: int, each: int, seed: int = 0) -> list[tuple[int, int]]:
    """Pairs: everybody likes items of one of two kinds, the first of each kind most."""
    rng = np.random.default_rng(seed)
    pairs = []
    for person in range(people):
        chance = 1 / (1 + np.arange(items // 2))
        chosen = rng.choice(items // 2, each, replace=False, p=chance / chance.sum())
        pairs += [(person, int(2 * item + person % 2)) for item in chosen]
    return pairs


def movielens(folder: Path) -> Path:
    lines = ["userId,movieId,rating,timestamp"]
    lines += [f"{u + 1},{10 * i + 1},{4.0 if i % 3 else 3.5},1112486027" for u, i in likes(120, 60, 12)]
    (folder / "ratings.csv").write_text("\n".join(lines) + "\n")
    return folder


def taste_profile(folder: Path) -> Path:
    pairs = likes(500, 60, 27)
    lines = [f"{u:040x}\tSO{i:016d}\t{1 + (u + i) % 5}" for u, i in pairs]
    lines += [f"{900 + u:040x}\tSORARE\t1" for u in range(3)]
    (folder / "train_triplets.txt").write_text("\n".join(lines) + "\n")
    return folder


def yambda(folder: Path) -> Path:
    pairs = likes(60, 40, 12)
    u, i = (np.array(each, np.uint32) for each in zip(*pairs, strict=True))
    place = np.arange(len(u)) % 12
    time = np.where(place < 9, 1000 * place, YAMBDA_TEST + place).astype(np.uint32)
    time[place == 8] = YAMBDA_TEST - 60  # in the gap
    ratio = np.where(place == 7, 20, 90).astype(np.uint16)  # hardly heard
    pq.write_table(
        pa.table({"uid": u, "item_id": i, "timestamp": time, "played_ratio_pct": ratio}),
        folder / "listens.parquet",
    )
    return folder


@pytest.mark.parametrize(
    ("name", "make"), [("ml-20m", movielens), ("msd", taste_profile), ("yambda", yambda)]
)
def test_the_table_is_had_from_the_data_sets_own_file(tmp_path: Path, name, make):
    report, published = evaluate_published(name, make(tmp_path), seeds=[0, 1], systems=SYSTEMS)
    assert report.systems[0] == "item neighbours"  # knows who likes which kind
    assert report.accuracy == list(published.protocol.accuracy)
    assert all(len(values) == len(report.accuracy) for values in published.figures.values())
    again, _ = evaluate_published(name, tmp_path / published.file, seeds=[0, 1], systems=SYSTEMS)
    assert again.mean("popularity", "ndcg@100") == report.mean("popularity", "ndcg@100")


def test_ratings_below_four_are_not_liking(tmp_path: Path):
    data = PUBLISHED["ml-20m"].read(movielens(tmp_path) / "ratings.csv")
    assert data.histories.n_items == 40  # two thirds of the films
    assert data.histories.sizes.min() >= 5


def test_rare_songs_go_before_listeners_of_few(tmp_path: Path):
    histories = PUBLISHED["msd"].read(taste_profile(tmp_path) / "train_triplets.txt").histories
    pairs = likes(500, 60, 27)
    count = np.bincount([i for _, i in pairs])
    left = [(u, i) for u, i in pairs if count[i] >= 200]
    size = np.bincount([u for u, _ in left])
    assert histories.n_items == (count >= 200).sum()
    assert histories.n_listeners == (size >= 20).sum()


def test_a_fifth_is_to_be_found_and_as_many_more_are_not_trained_on(tmp_path: Path):
    histories = PUBLISHED["ml-20m"].read(movielens(tmp_path) / "ratings.csv").histories
    fold = hold_out_some(histories, 0, 20)
    assert len(fold.tested) == 20 and fold.train.n_listeners == histories.n_listeners - 40
    sizes = np.diff(fold.targets.indptr)
    assert (sizes == (fold.given.sizes + sizes) // 5).all()
    known = fold.train.listeners_per_item() > 0
    assert known[fold.targets.indices].all() and known[fold.given.items].all()
    assert fold.given.matrix().multiply(fold.targets).nnz == 0
    assert (hold_out_some(histories, 0, 20).targets != fold.targets).nnz == 0


def test_the_last_day_is_found_from_what_came_before_the_gap(tmp_path: Path):
    published = PUBLISHED["yambda"]
    data = published.read(yambda(tmp_path) / "listens.parquet")
    fold = published.fold(data, 0)
    assert (fold.given.sizes == 7).all()  # of nine, without the gap and what was hardly heard
    assert (np.diff(fold.targets.indptr) == 3).all()
    assert published.protocol.new_only is False


def test_what_is_not_the_data_set_is_told(tmp_path: Path):
    with pytest.raises(NotFoundError, match="train_triplets"):
        evaluate_published("msd", tmp_path)
    with pytest.raises(UsageError, match="ml-20m, msd, yambda"):
        evaluate_published("mnist", tmp_path)
    (tmp_path / "ratings.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="userId, movieId, rating"):
        evaluate_published("ml-20m", tmp_path)
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,2,5,1\n")
    with pytest.raises(UsageError, match="too little"):
        evaluate_published("ml-20m", tmp_path, systems=SYSTEMS)


def test_the_command_prints_the_table(tmp_path: Path, monkeypatch, capsys):
    from segue.cli import published as cli

    monkeypatch.setattr("segue.evaluation.published.own_systems", lambda _: SYSTEMS)
    folder = taste_profile(tmp_path)
    cli.evaluate_published(["msd"], folder, 1, json=True, html=None)
    (found,) = orjson.loads(capsys.readouterr().out)
    assert found["published"][0]["recall@20"] == 0.305
    assert {row["system"] for row in found["rows"]} == set(SYSTEMS)
    cli.evaluate_published(["msd"], folder, 1, json=False, html=tmp_path / "e.html")
    assert "Rendle" in capsys.readouterr().out and (tmp_path / "e.html").is_file()
    with pytest.raises(UsageError, match="--data"):
        cli.evaluate_published(["msd"], None, 1, json=True, html=None)
