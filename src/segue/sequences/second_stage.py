"""The blend's second stage: a ranker for each purpose, learned from documents held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.progress import progress
from segue.ranking.crossfit import cross_fitted, worth
from segue.ranking.lists import Gatherer, Lists
from segue.ranking.ranker import Ranker, can_learn
from segue.sequences.blend_config import Purpose
from segue.sequences.blend_parts import BlendParts
from segue.sequences.candidates import Candidates
from segue.sequences.documents import Documents
from segue.sequences.holding import questions

Facts = dict[str, Any]


class SecondStage(NamedTuple):
    """Rankers of the purposes for which they are worth having, and what all were worth."""

    rankers: dict[Purpose, Ranker]
    facts: dict[Purpose, Facts]
    """By purpose: NDCG before and after, the gain's interval, whether it is on, the features that led."""


def learn_second_stage(
    parts: BlendParts, weights: Mapping[Purpose, Mapping[str, float]], held: Documents, seed: int
) -> SecondStage:
    """Rankers that learned from candidates for what comes next in documents held out.

    A ranker is kept if lists ranked by what learned from other documents gain, and the gain's 95% interval is
    above zero.

    Args:
        parts: fitted to other documents.
        weights: of the blend.
        held: documents without repeats.
        seed: of the places that are asked for, the folds, and the trees.
    """
    rankers: dict[Purpose, Ranker] = {}
    facts: dict[Purpose, Facts] = {}
    config = parts.config.ranker
    if config is None or not can_learn():
        return SecondStage(rankers, facts)
    for purpose, lists in _gathered(parts, weights, held, seed).items():
        scores = cross_fitted(lists, config, seed=seed)
        if scores is None:
            continue
        reached = worth(lists, scores, config.depth)
        facts[purpose] = {**reached._asdict(), "on": reached.sure, "lists": len(lists)}
        if reached.sure:
            rankers[purpose] = ranker = Ranker(config).fit(lists, seed=seed)
            facts[purpose]["led"] = dict(ranker.leading())
    return SecondStage(rankers, facts)


def _gathered(
    parts: BlendParts, weights: Mapping[Purpose, Mapping[str, float]], held: Documents, seed: int
) -> dict[Purpose, Lists]:
    """Candidates of the blend at places of the documents, and which of them came."""
    candidates, c = Candidates(parts), parts.config
    gatherers: dict[Purpose, Gatherer] = {purpose: Gatherer(candidates.names) for purpose in weights}
    asked = list(questions(held, c.most_held_out, c.ranked_positions, seed))
    with progress("Candidates", len(asked), unit="documents") as advance:
        for row, each in asked:
            for purpose, question in each.items():
                log_probabilities = parts.log_probabilities(question.codes, question.lengths)
                for at, length in enumerate(question.lengths):
                    one = {name: values[at] for name, values in log_probabilities.items()}
                    scores = np.sum([weight * one[name] for name, weight in weights[purpose].items()], axis=0)
                    prefix, targets = question.codes[:length], question.targets(at)
                    found = candidates.find(prefix, scores, c.candidates)
                    gatherers[purpose].add(
                        candidates.features(prefix, found, one, scores),
                        np.isin(found, targets),
                        scores[found],
                        to_find=len(targets),
                        owner=row,
                    )
            advance(1)
    return {purpose: gatherer.lists() for purpose, gatherer in gatherers.items()}


def reordered(
    ranker: Ranker,
    candidates: Candidates,
    prefix: NDArray[np.int32],
    log_probabilities: Mapping[str, NDArray[np.float32]],
    scores: NDArray[np.float32],
    most: int,
) -> NDArray[np.float32]:
    """The blend's scores `(n_songs,)`, its `most` best candidates in the ranker's order.

    Their scores are handed out anew, the largest to the ranker's first: a listener's other wishes, which are
    added later, weigh against them as before.
    """
    found = candidates.find(prefix, scores, most)
    features = candidates.features(prefix, found, log_probabilities, scores)
    order = np.argsort(-ranker.scores(features, scores[found]), kind="stable")
    out = scores.copy()
    out[found[order]] = scores[found]  # best first
    return out
