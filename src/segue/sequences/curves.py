"""How the losses of a training went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import altair


@dataclass
class Curves:
    """Mean losses, one for each epoch."""

    training: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    seconds: list[float] = field(
        default_factory=list, compare=False
    )  # of each epoch; the first of a run compiles

    @property
    def best(self) -> int | None:
        """The epoch (from 0) with the least validation loss; the last without validation; None before any."""
        if not self.training:
            return None
        return int(np.argmin(self.validation)) if self.validation else len(self.training) - 1

    def chart(self) -> altair.Chart:
        """The losses by epoch, as a picture."""
        import altair

        rows = [
            {"epoch": number + 1, "loss": loss, "part": part}
            for part, losses in (("training", self.training), ("validation", self.validation))
            for number, loss in enumerate(losses)
        ]
        line = altair.MarkDef(type="line", point=True)
        return altair.Chart(altair.Data(values=rows), mark=line, title="Loss by epoch").encode(
            x=altair.X("epoch:Q", axis=altair.Axis(tickMinStep=1)),
            y=altair.Y("loss:Q", scale=altair.Scale(zero=False)),
            color=altair.Color("part:N", title=None),
        )
