"""Weekly lists in the agent's order, heard by the town's true listeners.

    segue demo --folder segue-demo                                     # a town, its library and its truth
    segue agents train --library segue-demo/library
    python benchmarks/agents_lists.py --demo segue-demo

Each list is heard from its first track on until the listener leaves, by the town's law, with the same hidden
mood and luck for every order. `pool` 1 puts the rules' thirty tracks in order; 2 takes thirty of sixty, too.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.draws import Draws, normal
from segue.engine import Engine
from segue.engine.weekly import prepare
from segue.evaluation.intervals import ratio_interval
from segue.library import Library
from segue.playlists.playlist import Playlist, week_of
from segue.playlists.weekly_config import WeeklyConfig
from segue.town import response
from segue.town.memory import Memory
from segue.town.truth import Truth, load_truth

WAYS = {
    "near": WeeklyConfig(order="near"),
    "greedy, pool 1": WeeklyConfig(order="greedy", pool=1),
    "agent, pool 1": WeeklyConfig(order="agent", pool=1),
    "greedy, pool 2": WeeklyConfig(order="greedy"),
    "agent, pool 2": WeeklyConfig(order="agent"),
}


def heard(truth: Truth, lists: list[Playlist], memory: Memory, repeats: int) -> NDArray[np.float64]:
    """Tracks heard whole of each list (n_lists,), the mean of `repeats` hearings."""
    place = {track: at for at, track in enumerate(truth.track_ids.tolist())}
    size = min(len(each.entries) for each in lists)
    songs = np.array([[place[e.track.track_id] for e in each.entries[:size]] for each in lists])
    who = np.array([int(each.listener.removeprefix("town:l")) for each in lists])
    songs, who = np.repeat(songs, repeats, 0), np.repeat(who, repeats)
    number, draws = np.arange(len(who)), Draws(0, "lists heard")
    p, day = response.float32(truth.config.response), np.full(len(who), truth.config.days)
    hour = (24 * draws.uniform(number, 0)).astype(np.float32)
    listener, tracks = truth.listeners.at(who, day), response.take(truth.tracks, songs)
    past = memory.past(p, who[:, None], songs, tracks.artist, day[:, None])
    appeal = response.appeal(p, response.widen(listener), tracks, past, hour[:, None])
    four = draws.uniforms(4, number)
    mood, frailty = (normal(*pair).astype(np.float32) for pair in (four[:2], four[2:]))
    dimensions, genres = truth.tracks.vector.shape[1], int(truth.tracks.genre.max()) + 1
    state = response.begin(p, mood, frailty, dimensions, genres)
    going, whole = np.ones(len(who), bool), np.zeros(len(who))
    for step in range(size):
        track = response.take(tracks, (number, np.full(len(who), step)))
        worth = response.utility(p, appeal[:, step], listener.care, track, state)
        chance, *noise = draws.uniforms(3, number, 1000 + step)
        stage = response.outcome(response.stages(p, worth), chance.astype(np.float32))
        whole += going & (stage == 3)
        state = response.advance(p, state, track, stage, normal(*noise).astype(np.float32))
        minutes = (track.minutes * response.HEARD[stage]).astype(np.float32)
        going &= response.leaving(p, state, minutes) <= draws.uniform(number, 2000 + step)
    return whole.reshape(-1, repeats).mean(1)


def main() -> None:
    """Make the lists in each way, and let them be heard."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--demo", type=Path, default=Path("segue-demo"))
    parser.add_argument("--repeats", type=int, default=20)
    given = parser.parse_args()
    library, truth = Library.open(given.demo / "library"), load_truth(given.demo / "truth")
    listens = library.arrow(library.table("listens"))
    week = week_of(library.arrow(library.table("listens").started_at.max()).as_py())
    memory, earned = truth.last_memory(listens), {}
    for name, config in WAYS.items():
        ready = prepare(Engine(library), week, config, keep=False)
        lists = [each for each in ready.lists(ready.everybody) if len(each.entries) >= config.tracks]
        if not earned:
            kept = {each.listener for each in lists}
        earned[name] = heard(truth, [each for each in lists if each.listener in kept], memory, given.repeats)
        gain = ratio_interval(
            earned[name] - earned["near"], earned["near"], np.arange(len(earned[name])), draws=2000
        )
        print(
            f"{name:16} {len(earned[name])} lists, {earned[name].mean():.2f} tracks heard whole, "
            f"{gain.mean:+.1%} ({gain.low:+.1%} to {gain.high:+.1%}) against near",
            flush=True,
        )


if __name__ == "__main__":
    main()
