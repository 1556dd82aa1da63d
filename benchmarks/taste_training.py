"""How fast the taste network trains, beside PyTorch's GRU of the same size on the same cores.

    python -m venv torch && torch/bin/pip install torch==2.13.0
    python benchmarks/taste_training.py --torch torch/bin/python --cores 0          # one core
    python benchmarks/taste_training.py --torch torch/bin/python --cores 0 1        # two

Both train the same thing on made-up documents: vectors of 17,000 songs looked up, a GRU, one head, a softmax
over 1,024 sampled songs with logQ, dropout, Adam on everything. Segue's side is the product: the epochs of
`TasteNetwork.fit`, timed as it runs, without the first, which compiles. PyTorch's is the loop of its manual.
They run in turn, each in a process of its own, `--repeats` times; medians are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

N_SONGS, DIM, NEGATIVES = 17_000, 64, 1024


def segue_side(args: argparse.Namespace) -> list[float]:
    """Places a second of each epoch but the first."""
    import numpy as np

    from segue.sequences.documents import Documents
    from segue.sequences.network import TasteNetwork
    from segue.sequences.network_config import NEXT, TasteNetworkConfig
    from segue.sequences.vectors import SongVectors

    random = np.random.default_rng(0)
    n = args.steps * args.batch
    songs = np.array([f"{code:05d}" for code in range(N_SONGS)], dtype=object)
    nobody = np.full(N_SONGS, None, dtype=object)
    documents = Documents(
        np.arange(n + 1) * (args.length + 1),
        random.integers(0, N_SONGS, n * (args.length + 1)).astype(np.int32),
        songs,
        np.full(N_SONGS, 10),
        nobody,
        nobody,
        np.array([str(row) for row in range(n)], dtype=object),
    )
    vectors = SongVectors()
    vectors.track_ids_, vectors.artists_, vectors.works_ = songs, nobody, nobody
    vectors.counts_ = documents.counts
    vectors.in_ = vectors.out_ = random.normal(size=(N_SONGS, DIM)).astype(np.float32)
    config = TasteNetworkConfig(
        hidden=args.hidden,
        length=args.length,
        batch=args.batch,
        epochs=args.epochs,
        negatives=NEGATIVES,
        horizons=(NEXT,),
        artist_vectors=False,
    )
    seconds = TasteNetwork(config).fit(documents, vectors).curves_.seconds
    return [n * args.length / second for second in seconds[1:]]


def torch_side(args: argparse.Namespace) -> list[float]:
    """The same in PyTorch."""
    import torch

    torch.set_num_threads(len(args.cores))
    torch.manual_seed(0)
    songs = torch.nn.Embedding(N_SONGS, DIM)
    bias = torch.nn.Parameter(torch.zeros(N_SONGS))
    layer = torch.nn.GRU(DIM, args.hidden)
    head = torch.nn.Linear(args.hidden, DIM)
    parameters = [*songs.parameters(), bias, *layer.parameters(), *head.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=3e-3, fused=True)
    log_q = torch.full((N_SONGS,), NEGATIVES / N_SONGS).log()
    documents = torch.randint(N_SONGS, (args.steps * args.batch, args.length + 1))
    found = []
    for _ in range(args.epochs):
        clock = time.perf_counter()
        for rows in torch.randperm(len(documents)).split(args.batch):
            codes = documents[rows].T
            read = torch.nn.functional.dropout(songs(codes[:-1]), 0.3)
            out = torch.nn.functional.dropout(layer(read)[0], 0.3)
            taste, target = head(out).flatten(0, 1), codes[1:].flatten()
            drawn = torch.randint(N_SONGS, (NEGATIVES,))
            logits = taste @ songs.weight[drawn].T + bias[drawn] - log_q[drawn]
            logits = logits.masked_fill(drawn == target[:, None], -torch.inf)
            true = (taste * songs.weight[target]).sum(1) + bias[target]
            loss = (torch.logaddexp(logits.logsumexp(1), true) - true).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        found.append(args.steps * args.batch * args.length / (time.perf_counter() - clock))
    return found[1:]


SIDES = {"Segue": segue_side, "PyTorch": torch_side}


def compare(args: argparse.Namespace) -> None:
    """Both sides in turn, and the table."""
    found: dict[str, list[float]] = {}
    for _ in range(args.repeats):
        for side in SIDES:
            found.setdefault(side, []).extend(_apart(side, args))
    print("| trained by | places a second, median | least | most |\n| --- | ---: | ---: | ---: |")
    for side, speeds in found.items():
        print(f"| {side} | {statistics.median(speeds):,.0f} | {min(speeds):,.0f} | {max(speeds):,.0f} |")
    ratio = statistics.median(found["Segue"]) / statistics.median(found["PyTorch"])
    print(f"\nSegue / PyTorch: {ratio:.2f}")


def _apart(side: str, args: argparse.Namespace) -> list[float]:
    """One side in a process of its own, kept to the cores."""
    given: dict[str, Any] = {name: value for name, value in vars(args).items() if name != "torch"}
    threads = str(len(args.cores))
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    done = subprocess.run(
        [args.torch if side == "PyTorch" else sys.executable, __file__, "--side", side, json.dumps(given)],
        env=os.environ | dict.fromkeys(names, threads),
        preexec_fn=lambda: os.sched_setaffinity(0, args.cores),
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    if sys.argv[1:2] == ["--side"]:
        print(json.dumps(SIDES[sys.argv[2]](argparse.Namespace(**json.loads(sys.argv[3])))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--torch", required=True, help="a Python that has PyTorch")
    parser.add_argument("--cores", nargs="+", type=int, default=[0])
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20, help="of an epoch")
    parser.add_argument("--epochs", type=int, default=4, help="the first is not counted")
    parser.add_argument("--repeats", type=int, default=3)
    compare(parser.parse_args())


if __name__ == "__main__":
    main()
