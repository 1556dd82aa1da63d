"""How far a track was heard: the stages that `listening.py` decides on, and the share that counts."""

from __future__ import annotations

import numpy as np

STAGES = ("very brief", "brief", "most", "whole")
HEARD = np.array([0.03, 0.12, 0.6, 1.0], dtype=np.float32)  # by stage
