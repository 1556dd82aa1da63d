"""The agent: an action-head deep Q-network (after Tomasi et al. 2023), trained in a world.

Departures from the paper: Q is a correction to what the user model expects at once, targets are expectations
instead of draws, and by default lambda-returns without replay (measured: docs/measurements/agents.md).
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue.agents.config import AgentConfig
from segue.agents.network import Scaling, Trained, blank_network
from segue.errors import NumericalError, SegueError, UsageError
from segue.files import reading
from segue.progress import Advance
from segue.shelf.arrays import AGAIN, load_arrays, save_arrays
from segue.world.session import Training
from segue.world.trees import from_arrays, to_arrays

if TYPE_CHECKING:
    from segue.agents.learning import Curve, Learner

KIND, CHECKPOINT = "agent", "agent in training"
CURVE = "curve."  # how the arrays of curves are named
PART = 10  # iterations between two looks at a training


class Agent:
    """A trained agent.

    Learned:
        params_: what `policies.agent` and `policies.q_of` take.
        curves_: reward expected of a session, loss and mean Q, each (iterations,).
        seed_.
    """

    def __init__(self, config: AgentConfig | None = None) -> None:
        self.config = config or AgentConfig()
        self.params_: Trained
        self.curves_: dict[str, NDArray[np.floating]]
        self.seed_: int

    def fit(
        self,
        world: Training,
        params: Any,
        *,
        seed: int = 0,
        checkpoint: Path | None = None,
        advance: Advance | None = None,
    ) -> Agent:
        """Train in a world.

        Args:
            world: its functions.
            params: its arrays.
            seed: of the start, the sessions, the exploring.
            checkpoint: a file kept after every few iterations, from which a killed run goes on; removed at
                the end. Settings, seed and world must be as they were (`began`).
            advance: called with the number of iterations just done.

        Raises:
            NumericalError: the loss is no number any more.
            UsageError: the checkpoint is of another run.
        """
        import jax

        from segue.agents.learning import begin_learning, learn

        config, key = self.config, jax.random.key(seed)
        learner = begin_learning(world, params, config, key)
        parts: list[Curve] = []
        signature = "" if checkpoint is None else self._signature(params, seed)
        if checkpoint is not None and checkpoint.exists():
            learner, parts = _restore(checkpoint, signature, learner)
        before = int(learner.done)
        while (done := int(learner.done)) < config.iterations:
            count = min(PART, config.iterations - done)
            learner, curve = learn(world, config, params, learner, key, count)
            if not np.isfinite(np.asarray(curve.loss)).all():
                raise NumericalError(
                    f"The loss is no number after {done + count} iterations", hint="lower learning_rate"
                )
            parts.append(curve)
            if checkpoint is not None:
                _keep(checkpoint, signature, learner, parts)
            # What is told first begins the clock of what remains: the first part is compiled, too.
            if advance:
                advance(count + before)
            before = 0
        self.params_ = Trained(learner.network, learner.scaling)
        self.curves_ = _joined(parts)
        self.seed_ = seed
        if checkpoint is not None:
            checkpoint.unlink(missing_ok=True)
        return self

    def began(self, checkpoint: Path, params: Any, *, seed: int = 0) -> bool:
        """Whether a checkpoint is of a training with these settings, in this world, from this seed."""
        try:
            return load_arrays(checkpoint, CHECKPOINT)[0].get("signature") == self._signature(params, seed)
        except SegueError:  # there is none, or it is damaged
            return False

    def save(self, path: Path) -> None:
        """Write to one .npz file."""
        network = self.params_.network
        facts = {
            "config": self.config.model_dump(mode="json"),
            "seed": self.seed_,
            "inputs": [network.session.shape[0], network.candidate.shape[0]],
        }
        arrays = to_arrays("params", self.params_) | {CURVE + k: v for k, v in self.curves_.items()}
        save_arrays(path, KIND, facts, arrays)

    @classmethod
    def load(cls, path: Path) -> Agent:
        """Read what `save` wrote.

        Raises:
            NotFoundError, FormatError: the file is not there, or is something else.
        """
        facts, arrays = load_arrays(path, KIND)
        with reading(path, KIND, AGAIN):
            agent = cls(AgentConfig.checked(facts["config"]))
            session, candidate = facts["inputs"]
            one, other = np.zeros(session), np.zeros(candidate)
            network = blank_network(session, candidate, agent.config.hidden)
            like = Trained(network, Scaling(one, one, other, other))
            agent.params_ = from_arrays("params", like, arrays)
            curves = (name for name in arrays if name.startswith(CURVE))
            agent.curves_ = {name.removeprefix(CURVE): arrays[name] for name in curves}
            agent.seed_ = facts["seed"]
            return agent

    def _signature(self, params: Any, seed: int) -> str:
        import jax

        digest = sha256(json.dumps([self.config.model_dump(mode="json"), seed]).encode())
        for leaf in jax.tree.leaves(params):
            digest.update(np.asarray(leaf).tobytes())
        return digest.hexdigest()[:16]


def _joined(parts: list[Curve]) -> dict[str, NDArray[np.floating]]:
    columns = zip(*parts, strict=True)
    return {
        name: np.concatenate([np.asarray(c) for c in column])
        for name, column in zip(parts[0]._fields, columns, strict=True)
    }


def _keep(path: Path, signature: str, learner: Learner, parts: list[Curve]) -> None:
    curves = {CURVE + name: values for name, values in _joined(parts).items()}
    save_arrays(path, CHECKPOINT, {"signature": signature}, to_arrays("learner", learner) | curves)


def _restore(path: Path, signature: str, like: Learner) -> tuple[Learner, list[Curve]]:
    import jax.numpy as jnp

    from segue.agents.learning import Curve

    facts, arrays = load_arrays(path, CHECKPOINT)
    if facts["signature"] != signature:
        raise UsageError(
            f"The checkpoint {path} is of another run",
            expected="the same settings, world and seed",
            hint="remove it to begin anew",
        )
    curve = Curve(*(jnp.asarray(arrays[CURVE + name]) for name in Curve._fields))
    return from_arrays("learner", like, arrays), [curve]
