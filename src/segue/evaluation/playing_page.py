"""The comparison of agents as a page that needs no knowledge of reinforcement learning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from segue.evaluation.playing import MEASURES, Comparison, verdict

if TYPE_CHECKING:
    import altair as alt

    from segue.report import Page

KINDS = {
    "training": "the agent practised here, which flatters it",
    "independent": "the agent has not seen it; this judges",
    "truth": "the real listeners, known only because the town is made up",
}


def rows(comparison: Comparison, world: str) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of the table of one world, the best agent first."""
    measures = [name for name in MEASURES if name in next(iter(comparison.sessions[world].values()))]
    lines = []
    for agent in comparison.agents(world):
        line: list[Any] = [agent]
        for name in measures:
            if name == "return":
                mean, low, high = comparison.interval(world, agent)
                line.append(f"{mean:.2f} ({low:.2f} to {high:.2f})")
            elif name in ("completed", "skipped", "artists", "new"):
                line.append(f"{comparison.mean(world, agent, name):.0%}")
            else:
                line.append(round(comparison.mean(world, agent, name), 2))
        lines.append(line)
    return ["agent", *measures], lines


def page_of(
    comparison: Comparison,
    agent: str,
    greedy: Sequence[str],
    curves: Mapping[str, Sequence[float]],
    about: Mapping[str, str] | None = None,
) -> Page:
    """The page.

    Args:
        comparison: what every agent did.
        agent: the trained one.
        greedy: those it must beat.
        curves: what a session earned at each step of the training, by name; may be empty.
        about: what each agent does, in a few words.
    """
    from segue.report import Page

    counts = [len(next(iter(each.values()))["return"]) for each in comparison.sessions.values()]
    page = Page(
        "Who makes the better playlist?",
        f"{len({a for each in comparison.sessions.values() for a in each})} ways to choose the next track, "
        f"each playing the same {min(counts):,} listening sessions in {len(counts)} simulated worlds.",
    )
    page.heading("In short")
    page.text(_in_short(comparison, agent, list(greedy)))
    page.text(verdict(comparison, agent, list(greedy))[1])
    page.text(
        "An agent chooses one track after another from a pool of candidates; a simulated listener hears it "
        "out, skips it, or leaves. What counts is how many tracks are heard to the end in a session. Every "
        "agent meets the same listeners, with the same candidates and the same luck. A greedy agent takes "
        "what pleases most right now; the trained agent has learned what a choice does to later tracks too."
    )
    if about:
        playing = {name for each in comparison.sessions.values() for name in each}
        page.table(["agent", "how it chooses"], [[n, a] for n, a in about.items() if n in playing])
    page.heading("Tracks heard to the end")
    page.text(
        "A point is the mean over sessions, the line through it holds the true mean in 95 of 100 cases. "
        "Lines that overlap may still differ surely, because sessions are compared in pairs: see the gains."
    )
    page.pictures(
        {
            f"{world}: {KINDS[comparison.kinds[world]]}": _bars(comparison, world)
            for world in comparison.worlds
        }
    )
    page.heading("How much more the trained agent earns", level=3)
    page.text(
        "In brackets is where the true gain lies in 95 of 100 cases. Where that reaches from less to more, "
        "it is a tie: the sessions played do not tell who is better."
    )
    others = [name for name in comparison.agents(comparison.worlds[-1]) if name != agent]
    lines = [
        [other, *(_gain(comparison, world, agent, other) for world in comparison.worlds)] for other in others
    ]
    page.table(["against", *comparison.worlds], lines)
    for world in comparison.worlds:
        page.heading(f"How it sounds: {world}", level=3)
        page.table(*rows(comparison, world))
    page.text("; ".join(f"{name}: {what}" for name, what in MEASURES.items()) + ".")
    if curves:
        page.heading("The learning")
        page.text(
            "What a session brought while the agent learned, round by round, exploring included: a random "
            "track now and then, to see what happens. It should rise and then level out."
        )
        page.pictures({"Reward of a session in training": _curves(curves)})
    _trust(page, comparison)
    return page


def _in_short(comparison: Comparison, agent: str, greedy: list[str]) -> str:
    """What came out, in one sentence."""
    gains = [
        comparison.gain(world, agent, comparison.best(world, greedy)).mean
        for world, kind in comparison.kinds.items()
        if kind == "independent"
    ]
    if not gains:
        return "There is no world here that the trained agent did not practise in."
    if any(map(math.isnan, gains)):
        return (
            "In a world that the trained agent had not seen, nothing is heard to its end: it tells nothing."
        )
    low, high = f"{min(gains):+.0%}", f"{max(gains):+.0%}"
    if min(gains) > 0:
        low, high = low.removeprefix("+"), f"{high.removeprefix('+')} more"
    told = high if low == high.removesuffix(" more") else f"{low} to {high}"
    return (
        f"Tracks heard to the end with the trained agent, in simulated worlds that it had not seen: {told} "
        "than with the best greedy agent."
    )


def _gain(comparison: Comparison, world: str, agent: str, other: str) -> str:
    if other not in comparison.sessions[world] or agent not in comparison.sessions[world]:
        return ""
    gain = comparison.gain(world, agent, other)
    if math.isnan(gain.mean):
        return ""
    tie = "" if gain.decided else ", a tie"
    return f"{gain.mean:+.0%} ({gain.low:+.0%} to {gain.high:+.0%}){tie}"


def _trust(page: Page, comparison: Comparison) -> None:
    truths = [name for name, kind in comparison.kinds.items() if kind == "truth"]
    if not truths:
        return
    truth = truths[0]
    page.heading("How far the simulated listeners can be trusted")
    page.text(
        "The learned worlds are models of listeners. Here the town itself is known, so they can be checked: "
        "do they put the agents in the order of the truth, and by how much do they promise too much?"
    )
    others = [world for world in comparison.worlds if world != truth]
    page.pictures({"Promised and true": _scatter(comparison, others, truth)})
    lines = []
    for world in others:
        inflations = [
            comparison.inflation(world, agent, truth)
            for agent in comparison.sessions[world]
            if agent in comparison.sessions[truth]
        ]
        pairs = comparison.close_pairs(world, truth)
        lines.append(
            [
                world,
                round(comparison.rank_correlation(world, truth), 2),
                f"{sum(pair.right for pair in pairs)} of {len(pairs)}",
                f"{min(inflations):.2f} to {max(inflations):.2f}",
            ]
        )
    page.table(["world", "rank correlation", "close pairs in the right order", "promised / true"], lines)
    page.text(
        "Close pairs are agents less than 5% apart in truth whose order the truth is sure of. An agent that "
        "is promised far more than others, as against the truth, has found a fault of the simulation."
    )


def _bars(comparison: Comparison, world: str) -> alt.TopLevelMixin:
    import altair as alt

    names = comparison.agents(world)
    values = []
    for name in names:
        mean, low, high = comparison.interval(world, name)
        values.append({"agent": name, "mean": mean, "low": low, "high": high})
    data = alt.Data(values=values)
    y = alt.Y("agent:N", sort=names, title=None)
    scale = alt.Scale(zero=False)
    line = alt.Chart(data, mark="rule").encode(
        x=alt.X("low:Q", title="tracks heard to the end", scale=scale), x2="high:Q", y=y
    )
    point = alt.Chart(data, mark=alt.MarkDef(type="point", filled=True, size=60)).encode(
        x=alt.X("mean:Q", scale=scale), y=y
    )
    return alt.layer(line, point)


def _curves(curves: Mapping[str, Sequence[float]]) -> alt.Chart:
    import altair as alt

    values = [
        {"round": n + 1, "reward": float(value), "agent": name}
        for name, each in curves.items()
        for n, value in enumerate(each)
    ]
    return alt.Chart(alt.Data(values=values), mark="line").encode(
        x="round:Q", y=alt.Y("reward:Q", scale=alt.Scale(zero=False)), color=alt.Color("agent:N", title=None)
    )


def _scatter(comparison: Comparison, worlds: Sequence[str], truth: str) -> alt.TopLevelMixin:
    import altair as alt

    values = [
        {
            "agent": agent,
            "world": world,
            "promised": comparison.mean(world, agent),
            "true": comparison.mean(truth, agent),
        }
        for world in worlds
        for agent in comparison.sessions[world]
        if agent in comparison.sessions[truth]
    ]
    ends = [min(v["true"] for v in values), max(v["true"] for v in values)]
    line = alt.Chart(
        alt.Data(values=[{"true": end, "promised": end} for end in ends]),
        mark=alt.MarkDef(type="line", strokeDash=[4, 4], color="gray"),
    ).encode(x="true:Q", y="promised:Q")
    points = alt.Chart(alt.Data(values=values), mark=alt.MarkDef(type="point", filled=True, size=60)).encode(
        x=alt.X("true:Q", scale=alt.Scale(zero=False)),
        y=alt.Y("promised:Q", scale=alt.Scale(zero=False)),
        color=alt.Color("world:N", title=None),
    )
    return alt.layer(line, points)
