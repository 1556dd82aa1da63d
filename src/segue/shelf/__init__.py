"""Trained models as versions on disk: published whole or not at all, rolled back, pruned, verified.

shelf/
  factors/
    20261123T060000.000Z-1a2b3c4d/    one version: the model's files and manifest.json
    current                           the name of the version in use
"""

from segue.shelf.manifest import Manifest
from segue.shelf.shelf import Shelf

__all__ = ["Manifest", "Shelf"]
