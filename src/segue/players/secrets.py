"""Passwords and tokens: in the system's keyring where there is one, else in a file that only its owner reads.

They lie outside of the library, whose copies and backups hold none of them.
"""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

from segue import files
from segue.errors import FormatError

SERVICE = "segue"


def file() -> Path:
    """Where secrets lie without a keyring."""
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "segue" / "secrets.json"


def keep(library: Path, name: str, secret: str | None) -> str:
    """Keep the secret of an account, or drop it (None); says where it is kept."""
    key, where = _key(library, name), file()
    told = f"{where}, which only you can read"
    if (ring := _keyring()) is not None:
        try:
            if secret is not None:
                ring.set_password(SERVICE, key, secret)
                secret, told = None, "the system's keyring"  # the file keeps no older one
            elif ring.get_password(SERVICE, key) is not None:
                ring.delete_password(SERVICE, key)
        except Exception:  # a keyring that is locked, or has nobody to ask: each kind has errors of its own
            pass
    if secret is None and not where.exists():
        return told
    path = where
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with files.locked(path.parent, "secrets in", wait=10.0, name=".secrets.lock"):
        known = _read(path)
        known.pop(key, None)
        if secret is not None:
            known[key] = secret
        with files.replacing(path) as aside:
            # With its mode from the first moment on: changed afterwards, others might have opened it in
            # between.
            handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump(known, out)
    return told


def find(library: Path, name: str) -> str | None:
    """The secret of an account; None where there is none.

    Raises:
        FormatError: the file can be read by others, or is damaged.
    """
    key = _key(library, name)
    if (ring := _keyring()) is not None:
        try:
            if (found := ring.get_password(SERVICE, key)) is not None:
                return found
        except Exception:  # as above
            pass
    path = file()
    if not path.exists():
        return None
    if os.name != "nt" and path.stat().st_mode & 0o077:
        raise FormatError(f"{path} can be read by others", expected="mode 600", hint=f"chmod 600 {path}")
    return _read(path).get(key)


def _key(library: Path, name: str) -> str:
    return f"{library.resolve()}#{name}"


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with files.reading(path, "secrets", "remove it, and add the players anew"):
        known = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): str(value) for key, value in known.items()}


def _keyring() -> Any:
    """The package `keyring`, if it is installed and has a place to keep things."""
    try:
        keyring = importlib.import_module("keyring")
    except ModuleNotFoundError:
        return None
    return keyring if keyring.get_keyring().priority > 0 else None
