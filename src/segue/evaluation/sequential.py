"""A comparison that may be looked at any time: a confidence sequence for the difference of two means."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segue.evaluation.intervals import Interval

SOONEST = 200  # listeners at which it is tightest
LEAST = 20  # listeners of an arm before anything is said: until then the interval knows no bounds


def always_valid(
    a: NDArray[np.floating], b: NDArray[np.floating], *, level: float = 0.95, soonest: int = SOONEST
) -> Interval:
    """mean(b) - mean(a), with an interval that holds the truth at all looks together with chance `level`.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform
    central limit theory and asymptotic confidence sequences" (2024), with the mixture of its theorem 2.2; for
    two samples the variance is n times that of the difference. The interval of one look alone would be too
    narrow for somebody who stops when it pleases.

    Args:
        a, b: (n_a,) and (n_b,) one value a listener, of listeners drawn by chance.
        level: of the interval.
        soonest: number of listeners at which it is tightest; to be chosen before the first look.
    """
    n, difference = len(a) + len(b), float(np.mean(b) - np.mean(a))
    if min(len(a), len(b)) < LEAST:
        return Interval(difference, -math.inf, math.inf)
    variance = n * (float(np.var(a, ddof=1)) / len(a) + float(np.var(b, ddof=1)) / len(b))
    alpha = 1 - level
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha)) + 1) / soonest
    inside = 2 * (n * rho2 + 1) / (n**2 * rho2) * math.log(math.sqrt(n * rho2 + 1) / alpha)
    radius = math.sqrt(variance * inside)
    return Interval(difference, difference - radius, difference + radius)
