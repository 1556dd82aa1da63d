"""Trees as plain arrays: what LightGBM has learned is asked without it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.compiling import compiled


class Trees(NamedTuple):
    """Nodes of all trees. At an inner node a row goes left if its feature is not above the threshold.

    A child below 0 is the leaf -1 - child.
    """

    roots: NDArray[np.int32]  # (n_trees,) inner node, or a leaf below 0
    feature: NDArray[np.int32]  # (n_nodes,)
    threshold: NDArray[np.float64]  # (n_nodes,)
    left: NDArray[np.int32]  # (n_nodes,)
    right: NDArray[np.int32]  # (n_nodes,)
    value: NDArray[np.float64]  # (n_leaves,)


def from_lightgbm(dumped: dict[str, Any]) -> Trees:
    """The trees of `Booster.dump_model()`, learned from numbers none of which was missing."""
    nodes: list[tuple[int, float, int, int]] = []
    leaves: list[float] = []

    def walk(tree: dict[str, Any]) -> int:
        if "leaf_value" in tree:
            leaves.append(tree["leaf_value"])
            return -len(leaves)
        at = len(nodes)
        nodes.append((tree["split_feature"], tree["threshold"], 0, 0))
        left, right = walk(tree["left_child"]), walk(tree["right_child"])
        nodes[at] = (*nodes[at][:2], left, right)
        return at

    roots = [walk(tree["tree_structure"]) for tree in dumped["tree_info"]]
    feature, threshold, left, right = zip(*nodes, strict=True) if nodes else ((), (), (), ())
    return Trees(
        np.array(roots, np.int32),
        np.array(feature, np.int32),
        np.array(threshold, np.float64),
        np.array(left, np.int32),
        np.array(right, np.int32),
        np.array(leaves, np.float64),
    )


@compiled(nogil=True)
def add_up(trees: Trees, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums of the leaves that each row of `features` `(n, n_features)` falls into, `(n,)`."""
    out = np.zeros(len(features), np.float32)
    for row in range(len(features)):
        total = 0.0
        for root in trees.roots:
            node = root
            while node >= 0:
                if features[row, trees.feature[node]] <= trees.threshold[node]:
                    node = trees.left[node]
                else:
                    node = trees.right[node]
            total += trees.value[-1 - node]
        out[row] = total
    return out
