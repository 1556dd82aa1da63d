"""Publish, find, roll back and prune versions of trained models."""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from segue.errors import ChangedError, FormatError, NotFoundError, SegueError, UsageError
from segue.files import TEMPORARY, locked, refuse_changed, remove, sweep, sync, there, write_text
from segue.shelf import manifest as manifests
from segue.shelf.manifest import Manifest, StoredFile

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
VERSION = re.compile(r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}")
CURRENT = "current"
AGAIN = "roll back, or train again"
T = TypeVar("T")
LEARNED_BY = {
    "factors": "segue train",
    "vectors": "segue train vectors",
    "network": "segue train network",
    "world": "segue world",
    "agents": "segue agents train",
}


class Shelf:
    """A folder of models, each with its versions; one of them is current.

    Readers need no lock: a version never changes once it has its name, and `current` is replaced whole.
    Writers hold one lock for each name; a second one gets BusyError, after `wait` seconds.
    """

    def __init__(self, folder: Path | str, *, wait: float = 0.0) -> None:
        self.folder, self.wait = Path(folder), wait

    def publish(self, name: str, build: Callable[[Path], None], manifest: dict[str, Any]) -> str:
        """Make a new version of `name`, make it current, and return the version.

        `build(folder)` writes the model's files into an empty folder; `manifest` is the publisher's part of
        `Manifest`: at least `config`, and `data`, `seed`, `metrics`, `shapes`, `kind`, `made_from`. The
        version appears under its name only when every byte of it is on the disk, and `current` turns to it
        last: whatever happens, and a kill too, the shelf has the old version or the new one.

        Raises:
            UsageError: a bad name or manifest, a pickle, or nothing built.
            NumericalError: NaN or infinity in the manifest.
            BusyError: another process is publishing `name`.
        """
        place = self._place(name)
        checked = manifests.checked(manifest)
        with locked(place, "shelf", wait=self.wait):
            sweep(place)
            aside = place / f"{TEMPORARY}{uuid.uuid4().hex[:12]}"
            aside.mkdir()
            try:
                build(aside)
                version = self._seal(name, aside, checked)
                sync(aside)
                aside.rename(place / version)
                sync(place, whole=False)
            finally:
                remove(aside)
            write_text(place / CURRENT, version + "\n")
        return version

    def rewrite(self, name: str, version: str, change: Callable[[Path], dict[str, list[int]]]) -> str:
        """Put a changed copy in the place of a version, for what may no longer be kept; return its new name.

        `change(folder)` changes the files of a copy and returns the shapes that are now others. The copy has
        the time of the old version and a hash of its own, takes its place as the current one, and then the
        old version is removed: after a kill there is the old one, the new one, or both.

        Raises:
            NotFoundError: no such version.
            BusyError: another process is publishing `name`.
        """
        source, place = self.path(name, version, check=False), self._place(name)
        with locked(place, "shelf", wait=self.wait):
            sweep(place)
            aside = place / f"{TEMPORARY}{uuid.uuid4().hex[:12]}"
            try:
                shutil.copytree(source, aside)
                manifest = manifests.read(aside)
                # The manifest is written anew for what the files now hold, and is no file of the version
                # itself.
                (aside / manifests.FILE).unlink()
                shapes = manifest.shapes | change(aside)
                manifests.refuse_unsafe(aside)
                files = manifests.files(aside)
                new = f"{version.split('-')[0]}-{_digest(files)}"
                if new == version:
                    return version
                whole = manifest.model_copy(update={"version": new, "files": files, "shapes": shapes})
                manifests.write(aside, whole)
                sync(aside)
                if not (place / new).exists():  # as after a kill that came just before the old one went
                    aside.rename(place / new)
                    sync(place, whole=False)
            finally:
                remove(aside)
            if self._is_current(place, version):
                write_text(place / CURRENT, new + "\n")
            self._drop(place, version)
        return new

    def remove(self, name: str, version: str) -> None:
        """Remove a version; if it was the current one, the newest of the others becomes it, or nothing does.

        Raises:
            NotFoundError: no such version.
            BusyError: another process is publishing `name`.
        """
        self.path(name, version, check=False)
        place = self._place(name)
        with locked(place, "shelf", wait=self.wait):
            sweep(place)
            if self._is_current(place, version):
                others = [each for each in self.versions(name) if each != version]
                if others:
                    write_text(place / CURRENT, others[-1] + "\n")
                else:
                    remove(place / CURRENT)
            self._drop(place, version)

    def _is_current(self, place: Path, version: str) -> bool:
        return self._named(place) == version

    def _named(self, place: Path) -> str | None:
        """What `current` says, whatever it is; None if it is not there."""
        try:
            return (place / CURRENT).read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return None
        except OSError:  # a folder, a link to itself: what names no version
            return ""

    def _drop(self, place: Path, version: str) -> None:
        """Remove a version, gone in one step; the files follow."""
        # To a reader the whole version is gone at once, never half of its files; under a temporary name, what
        # a kill leaves of it is swept up by the next writer.
        aside = place / f"{TEMPORARY}{version}"
        (place / version).rename(aside)
        remove(aside)

    def _seal(self, name: str, aside: Path, checked: Manifest) -> str:
        """Write the manifest of what stands in `aside`, and return the version's name."""
        manifests.refuse_unsafe(aside)
        files = manifests.files(aside)
        if not files:
            raise UsageError(f"Nothing was built for {name}", expected="at least one file")
        moment = datetime.now(UTC)
        if versions := self.versions(name):  # a clock that was set back must not put the new before the old
            latest = datetime.strptime(versions[-1].split("-")[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
            moment = max(moment, latest + timedelta(milliseconds=1))
        version = f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03}Z-{_digest(files)}"
        whole = checked.model_copy(
            update={
                "name": name,
                "version": version,
                "created_at": moment.isoformat(timespec="milliseconds"),
                "libraries": manifests.libraries(),
                "files": files,
            }
        )
        manifests.write(aside, whole)
        return version

    def names(self) -> list[str]:
        """The models that have a current version."""
        if not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if NAME.fullmatch(p.name) and there(p / CURRENT))

    def versions(self, name: str) -> list[str]:
        """All versions of `name`, oldest first; empty if there are none."""
        place = self._place(name)
        if not place.is_dir():
            return []
        return sorted(path.name for path in place.iterdir() if VERSION.fullmatch(path.name))

    def current(self, name: str) -> str:
        """The version of `name` in use.

        Raises:
            NotFoundError: nothing was published under `name`.
            FormatError: `current` names a version that is not there.
        """
        version = self._named(self._place(name))
        if version is None:
            others = ", ".join(self.names()) or "nothing"
            raise NotFoundError(
                f"No {name} were learned yet in {self.folder.parent}",
                got=f"there is {others}",
                hint=LEARNED_BY.get(name, "train it"),
            )
        if not VERSION.fullmatch(version) or not (self._place(name) / version).is_dir():
            raise FormatError(
                f"{self._place(name) / CURRENT} names no version that is there",
                got=version[:80],
                hint=f"roll back to one that is (segue models rollback {name}), or train again",
            )
        return version

    def path(self, name: str, version: str | None = None, *, check: bool = True) -> Path:
        """The folder of a version, the current one by default: what a model's `load` takes.

        Args:
            name: of the model.
            version: one of its versions.
            check: whether files that are quickly read are compared with their checksums.

        Raises:
            NotFoundError: no such model or version.
            FormatError: `current` names a version that is not there, or a file is damaged.
        """
        version = self.current(name) if version is None else version
        if version not in self.versions(name):
            raise NotFoundError(
                f"{name} has no version {version}",
                expected=", ".join(self.versions(name)) or "none is there",
                hint="see `segue models`",
            )
        folder = self._place(name) / version
        if check:
            for file, stored in manifests.read(folder).files.items():
                refuse_changed(folder / file, stored.sha256[:16], f"a part of the model {name}", AGAIN)
        return folder

    def load(self, name: str, load: Callable[[Path], T], version: str | None = None) -> tuple[T, str]:
        """What `load` makes of the folder of a version, the current one by default; and which version.

        Where a writer takes the version away meanwhile (somebody was forgotten), the new one is read.

        Raises:
            NotFoundError: no such model or version.
            FormatError: it is damaged.
        """
        while True:
            chosen = self.current(name) if version is None else version
            try:
                return load(self.path(name, chosen)), chosen
            except (SegueError, OSError):
                if version is not None or (self._place(name) / chosen).is_dir():
                    raise

    def load_held(self, name: str, load: Callable[[Path], T], version: str) -> T:
        """What `load` makes of the folder of a version that somebody found here a moment ago.

        Raises:
            ChangedError: a writer has taken it away meanwhile (somebody was forgotten).
            FormatError: it is damaged.
        """
        try:
            return self.load(name, load, version)[0]
        except (SegueError, OSError) as error:
            if version in self.versions(name):
                raise
            raise ChangedError(f"The model {name} changed meanwhile", hint="run the same again") from error

    def manifest(self, name: str, version: str | None = None) -> Manifest:
        """The manifest of a version, the current one by default.

        Raises:
            NotFoundError: no such model or version.
            FormatError: the manifest is missing or spoilt.
        """
        return manifests.read(self.path(name, version, check=False))

    def verify(self, name: str, version: str | None = None) -> None:
        """Compare every file of a version with its checksum.

        Raises:
            NotFoundError: no such model or version.
            FormatError: a file is changed, missing or not in the manifest; says which.
        """
        path = self.path(name, version, check=False)
        expected, found = manifests.read(path).files, manifests.files(path)
        wrong = [f"{file} missing" for file in expected if file not in found]
        wrong += [f"{file} not in the manifest" for file in found if file not in expected]
        wrong += [f"{file} changed" for file in expected if file in found and found[file] != expected[file]]
        if wrong:
            raise FormatError(f"{path} is not what was published", got="; ".join(wrong), hint="roll back")

    def rollback(self, name: str, version: str | None = None) -> str:
        """Make `version` current, by default the one before the current one, and return it.

        Raises:
            NotFoundError: no such version, or none before the current one.
            BusyError: another process is publishing `name`.
        """
        self._refuse_absent(name)
        with locked(self._place(name), "shelf", wait=self.wait):
            if version is None:
                current, every = self._named(self._place(name)) or "", self.versions(name)
                earlier = [each for each in every if each < current or current not in every]
                if not earlier:
                    raise NotFoundError(f"{name} has no version before {current}", hint="see `segue models`")
                version = earlier[-1]
            self.verify(name, version)
            if (self._place(name) / CURRENT).is_dir():  # which no file takes the place of
                remove(self._place(name) / CURRENT)
            write_text(self._place(name) / CURRENT, version + "\n")
        return version

    def prune(self, name: str, keep: int) -> list[str]:
        """Remove all but the newest `keep` versions, and never the current one; return what was removed.

        Raises:
            UsageError: `keep` is below 1.
            NotFoundError: nothing was published under `name`.
            BusyError: another process is publishing `name`.
        """
        if keep < 1:
            raise UsageError("At least one version must be kept", got=str(keep))
        self._refuse_absent(name)
        place = self._place(name)
        with locked(place, "shelf", wait=self.wait):
            sweep(place)
            current = self.current(name)
            # After a rollback the current version may be older than the newest `keep`.
            old = [version for version in self.versions(name)[:-keep] if version != current]
            for version in old:
                self._drop(place, version)
        return old

    def sweep(self) -> None:
        """Remove what killed publishers have left.

        Raises:
            BusyError: another process is publishing.
        """
        for place in self.folder.iterdir() if self.folder.is_dir() else ():
            if NAME.fullmatch(place.name) and place.is_dir():
                with locked(place, "shelf", wait=self.wait):
                    sweep(place)

    def _place(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise UsageError(
                "A model's name has lower-case letters, digits, - and _, 64 at most", got=repr(name)
            )
        return self.folder / name

    def _refuse_absent(self, name: str) -> None:
        if not there(self._place(name) / CURRENT):
            self.current(name)  # says what there is


def _digest(files: dict[str, StoredFile]) -> str:
    """Eight hexadecimal digits of what a version holds."""
    text = "".join(f"{path}\0{file.sha256}\n" for path, file in files.items())
    return hashlib.sha256(text.encode()).hexdigest()[:8]
