"""What the shelf writes down about a version: how it was made, and the checksum of every file."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import sys
import zipfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from segue import files as files_
from segue.errors import NumericalError, UsageError

FILE = "manifest.json"
# Distributions whose version can change what a model says, with the module that shows they were in use.
LIBRARIES = {
    "segue": "segue",
    "numpy": "numpy",
    "scipy": "scipy",
    "numba": "numba",
    "jax": "jax",
    "equinox": "equinox",
    "optax": "optax",
    "gensim": "gensim",
    "faiss-cpu": "faiss",
    "voyager": "voyager",
    "annoy": "annoy",
    "duckdb": "duckdb",
    "pyarrow": "pyarrow",
}
PICKLES = {".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth"}


class StoredFile(BaseModel):
    """A file of a version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int = Field(description="Size.")
    sha256: str = Field(description="Checksum, hexadecimal.")


class Manifest(BaseModel):
    """manifest.json. The first half is the publisher's, the second half the shelf fills in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(default="", description="Which class or function reads the files: 'ImplicitALS'.")
    config: dict[str, Any] = Field(description="The model's whole configuration.")
    data: str | None = Field(default=None, description="Fingerprint of the library it learned from.")
    seed: int | None = Field(default=None, description="The seed all randomness came from.")
    metrics: dict[str, Any] = Field(default_factory=dict, description="What was measured, by name.")
    shapes: dict[str, list[int]] = Field(default_factory=dict, description="Shapes of the arrays, by name.")
    made_from: list[str] = Field(
        default_factory=list, description="Other versions it was built on: 'vectors/20261123T...'."
    )

    name: str = Field(default="", description="The model's name on the shelf.")
    version: str = Field(default="", description="UTC time of publication and a hash of the content.")
    created_at: str = Field(default="", description="UTC time of publication, ISO 8601.")
    libraries: dict[str, str] = Field(default_factory=dict, description="Versions of what was in use.")
    files: dict[str, StoredFile] = Field(default_factory=dict, description="Every file, by relative path.")


FILLED_IN = ("name", "version", "created_at", "libraries", "files")


def checked(manifest: dict[str, Any]) -> Manifest:
    """A publisher's part of the manifest; NumPy's numbers and arrays become plain ones.

    Raises:
        UsageError: a key that is unknown or the shelf's own to fill in, or a value of the wrong type.
        NumericalError: NaN or infinity.
    """
    known = [key for key in Manifest.model_fields if key not in FILLED_IN]
    try:
        plain = json.loads(json.dumps(manifest, default=_plain, allow_nan=False))
    except ValueError as error:
        raise NumericalError("NaN or infinity cannot go into a manifest", got=str(error)) from None
    except TypeError as error:
        raise UsageError("A manifest holds what JSON can hold", got=str(error)) from None
    if taken := [key for key in plain if key in FILLED_IN]:
        raise UsageError("The shelf fills in part of the manifest itself", got=", ".join(taken))
    try:
        return Manifest.model_validate(plain)
    except ValidationError as error:
        raise UsageError(
            "A manifest that cannot be taken", expected=f"keys {', '.join(known)}", got=str(error)
        ) from None


def read(folder: Path) -> Manifest:
    """The manifest of the version in `folder`.

    Raises:
        FormatError: it is missing or spoilt.
    """
    file, do = folder / FILE, "roll back, or train again"
    value = files_.from_json(file, "a model's manifest", do)
    with files_.reading(file, "a model's manifest", do):
        return Manifest.model_validate(value)


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of the version in `folder`, with its own checksum."""
    (folder / FILE).write_text(files_.to_json(manifest.model_dump(mode="json")), encoding="utf-8")


def libraries() -> dict[str, str]:
    """Versions of Python and of the libraries that this process has loaded."""
    found = {"python": platform.python_version()}
    for distribution, module in LIBRARIES.items():
        if module in sys.modules:
            try:
                found[distribution] = importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                found[distribution] = str(getattr(sys.modules[module], "__version__", "unknown"))
    return found


def files(folder: Path) -> dict[str, StoredFile]:
    """Size and checksum of every file in `folder` but the manifest, by relative path, in order."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / FILE:
            with path.open("rb") as handle:
                digest = hashlib.file_digest(handle, "sha256").hexdigest()
            found[path.relative_to(folder).as_posix()] = StoredFile(bytes=path.stat().st_size, sha256=digest)
    return found


def refuse_unsafe(folder: Path) -> None:
    """Let only plain files onto the shelf, and no pickle: reading one runs whatever code it holds.

    Raises:
        UsageError: a pickle by its name, an object array in .npy or .npz, a link, or a manifest of one's own.
    """
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name == FILE:
            raise UsageError(f"The shelf writes {FILE} itself", hint="name the file differently")
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise UsageError(f"{name} is a link or a device", expected="plain files and folders")
        if path.suffix in PICKLES or (path.suffix in (".npy", ".npz") and _holds_objects(path)):
            raise UsageError(f"{name} is a pickle or holds one", expected=".npz, .safetensors, JSON, indexes")


def _holds_objects(path: Path) -> bool:
    from numpy.lib import format as npy

    def objects(handle: Any) -> bool:
        try:
            version = npy.read_magic(handle)
            header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            return bool(header(handle)[2].hasobject)
        except ValueError as error:
            raise UsageError(f"{path.name} is not a NumPy file", got=str(error)) from None

    if path.suffix == ".npy":
        with path.open("rb") as handle:
            return objects(handle)
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                with archive.open(member) as handle:
                    if objects(handle):
                        return True
    except zipfile.BadZipFile as error:
        raise UsageError(f"{path.name} is not a NumPy file", got=str(error)) from None
    return False


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # NumPy's and JAX's arrays and scalars
        return value.tolist()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a {type(value).__name__}")
