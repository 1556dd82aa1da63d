"""What is compiled is kept on disk, and where nothing can be kept it runs all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numba
import pytest

from segue.compiling import compiled

MODULE = "from segue.compiling import compiled\n\n@compiled()\ndef double(x):\n    return 2 * x\n"


def test_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "doubling.py").write_text(MODULE)
    told = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    subprocess.run(
        [sys.executable, "-c", "import doubling; doubling.double(2)"], check=True, cwd=tmp_path, env=told
    )
    assert list((tmp_path / "kept").rglob("*.nbi"))


def test_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(**options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function 'double': no locator available for file 'x.py'")
        return numba.njit(**options)

    monkeypatch.setattr("segue.compiling.numba", SimpleNamespace(njit=refusing))
    assert compiled()(lambda x: 2 * x)(3) == 6
