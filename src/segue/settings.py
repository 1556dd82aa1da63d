"""Settings of everything that can be set, from one TOML file (`segue.toml`) and the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from segue.agents.config import AgentConfig
from segue.errors import NotFoundError, UsageError
from segue.factors.model import FactorConfig
from segue.playlists.radio_config import RadioConfig
from segue.playlists.weekly_config import WeeklyConfig
from segue.sequences.blend_config import SequenceBlendConfig
from segue.sequences.vectors import SongVectorsConfig
from segue.tastes.config import ProfileConfig
from segue.world.config import WorldConfig

FILE = Path("segue.toml")
# Variables of the environment that are no settings: where things are, DuckDB's memory, real data for tests.
VARIABLES = ("SEGUE_LIBRARY", "SEGUE_CONFIG", "SEGUE_MEMORY", "SEGUE_DATA")


class ShelfConfig(BaseModel, frozen=True, extra="forbid"):
    """What stays on the shelf."""

    keep: int = Field(3, ge=1, description="Versions of each model that are kept; the current one always is.")


class ScheduleConfig(BaseModel, frozen=True, extra="forbid"):
    """When weekly lists are made by `segue schedule run`."""

    time_zone: str = Field(
        "UTC", description="Where listeners are, if time-zones.csv in the library does not say: Europe/Oslo."
    )
    at: str = Field(
        "06:00",
        pattern=r"([01]\d|2[0-3]):[0-5]\d",
        description="Monday's hour there at which lists are made.",
    )


class ServiceConfig(BaseModel, frozen=True, extra="forbid"):
    """How `segue serve` answers."""

    host: str = Field(
        "127.0.0.1", description="Address to answer at; 0.0.0.0 for every one this machine has."
    )
    port: int = Field(8420, ge=1, le=65535, description="Port to answer at.")
    database: str | None = Field(
        None,
        description="postgresql://user:password@host/segue; else a file, service.sqlite, in the library.",
    )
    threads: int = Field(8, ge=1, le=256, description="Requests that compute at the same time.")
    take_in_every: float = Field(
        60.0, gt=0, description="Seconds between two times that listens which came in go into the library."
    )
    relay_every: float = Field(
        10.0, gt=0, description="Seconds between two times that listens are passed on to other servers."
    )
    look_every: float = Field(
        5.0, gt=0, description="Seconds after which a newly published version is taken up at the latest."
    )
    train_at: str = Field(
        "03:30",
        pattern=r"([01]\d|2[0-3]):[0-5]\d",
        description="Hour of the night at which it trains, in [schedule] time_zone.",
    )
    train_after: int = Field(
        50, ge=1, description="New listens below which a night goes by without training."
    )
    timeout: float = Field(60.0, gt=0, description="Seconds that a request may take.")
    largest_body: int = Field(
        11 << 20, ge=10_240, description="Bytes of the largest request; 1,000 listens are 10 MB at most."
    )
    warm: bool = Field(
        True, description="Load models, and compile what is compiled, before somebody asks for it."
    )
    explore: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Chance that a radio or a session plays any track that may come, not the best: what "
        "another choice would have done can then be estimated, `segue evaluate served`.",
    )
    rate: int = Field(
        300, ge=0, description="Requests that one token may make in ten seconds; 0 for any number."
    )


class TrialConfig(BaseModel, frozen=True, extra="forbid"):
    """Another setting, tried on some of the listeners."""

    name: str = Field(
        "",
        max_length=80,
        pattern=r"^[\w -]*$",
        description="Of the trial; empty for none. Another name, another draw.",
    )
    share: float = Field(0.5, ge=0, le=1, description="Of the listeners who get the other setting, b.")
    radio: dict[str, Any] = Field(
        default_factory=dict, description="What is other in their radios, as in [radio]."
    )
    session: Literal["auto", "agent", "greedy"] = Field("auto", description="Who leads their sessions.")
    weekly: dict[str, Any] = Field(
        default_factory=dict, description="What is other in their weekly lists, as in [weekly]."
    )


class Settings(BaseSettings):
    """All settings. The environment overrides the file: SEGUE_WEEKLY__TRACKS=50 is [weekly] tracks."""

    model_config = SettingsConfigDict(
        env_prefix="SEGUE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    factors: FactorConfig = Field(default_factory=FactorConfig, description="Who likes what.")
    weekly: WeeklyConfig = Field(default_factory=WeeklyConfig, description="The weekly list.")
    vectors: SongVectorsConfig = Field(
        default_factory=SongVectorsConfig, description="Song vectors, of `segue train vectors`."
    )
    sequences: SequenceBlendConfig = Field(
        default_factory=SequenceBlendConfig,
        description="What follows what, of `segue train network`: the network and what is blended with it.",
    )
    tastes: ProfileConfig = Field(default_factory=ProfileConfig, description="How tastes are found.")
    radio: RadioConfig = Field(default_factory=RadioConfig, description="The radio.")
    world: WorldConfig = Field(default_factory=WorldConfig, description="User models, of `segue world`.")
    agents: AgentConfig = Field(
        default_factory=AgentConfig, description="The agent's training, `segue agents train`."
    )
    town: dict[str, Any] = Field(  # serving reads settings, and knows nothing of towns
        default_factory=dict,
        description="What is other in simulated towns than their names say; looked at by `segue town`.",
    )
    schedule: ScheduleConfig = Field(default_factory=ScheduleConfig, description="The Monday job.")
    shelf: ShelfConfig = Field(default_factory=ShelfConfig, description="Trained models.")
    service: ServiceConfig = Field(default_factory=ServiceConfig, description="The service, `segue serve`.")
    trial: TrialConfig = Field(
        default_factory=TrialConfig, description="An A/B of two settings on the service's listeners."
    )


def load_settings(path: Path | None = None) -> Settings:
    """Read `path`, or segue.toml here if there is one, or take the defaults.

    Raises:
        NotFoundError: `path` was named and is not there.
        UsageError: no TOML, an unknown key, or a value that cannot be taken; the message names them all.
    """
    if path is not None and not path.is_file():
        raise NotFoundError(f"There are no settings at {path}", hint="`segue config init` writes them")
    file = path or FILE

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *args: PydanticBaseSettingsSource, **sources: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            environment = sources.get("env_settings") or args[1]
            return environment, TomlConfigSettingsSource(settings_cls, file)

    _refuse_unknown_variables()
    try:
        _refuse_deep_keys(file)
        return FromFile()
    except OSError as error:
        raise UsageError(f"{file} cannot be read", got=error.strerror or str(error)) from None
    except SettingsError as error:
        raise UsageError(
            "A setting in the environment cannot be taken",
            got=f"{error}: {error.__cause__}"[:300],
            hint="write values as in TOML or JSON, like SEGUE_WEEKLY__TRACKS=50",
        ) from None
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: "
            + ("there is no such setting" if problem["type"] == "extra_forbidden" else problem["msg"])
            for problem in error.errors()
        )
        theirs = ", ".join(sorted(name for name in _variables() if name.split("__")[0] in _SECTIONS))
        where = " and ".join([str(file)] * file.exists() + [f"the environment ({theirs})"] * bool(theirs))
        raise UsageError(
            f"The settings in {where} cannot be taken",
            got=problems[:2000],
            hint="`segue config` lists them all",
        ) from None
    except (ValueError, RecursionError) as error:  # tomllib lets through what Python says of endless numbers
        raise UsageError(
            f"{file} is not TOML ({error})", hint="`segue config show` prints a whole file"
        ) from None


def _refuse_deep_keys(file: Path) -> None:
    """tomllib takes memory by the square of a key's parts, and more than there is for a few thousand.

    Raises:
        UsageError: a key has more parts than any of ours could.
    """
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    for number, line in enumerate(lines, 1):
        parts = line.partition("=")[0].count(".") + 1
        if parts > _MOST_PARTS and not line.lstrip().startswith("#"):
            raise UsageError(
                f"{file} is not TOML that Segue takes",
                expected=f"keys of at most {_MOST_PARTS} parts, like weekly.tracks",
                got=f"one of {parts:,} parts in line {number}",
                hint="`segue config show` prints a whole file",
            )


def _variables() -> list[str]:
    return [name.upper() for name in os.environ if name.upper().startswith("SEGUE_")]


def _refuse_unknown_variables() -> None:
    """A misspelt variable would be passed over in silence.

    Raises:
        UsageError: it is none of Segue's.
    """
    unknown = [
        name for name in _variables() if name not in VARIABLES and name.split("__")[0] not in _SECTIONS
    ]
    if unknown:
        raise UsageError(
            f"The environment has {unknown[0]}, which is no setting",
            expected=f"SEGUE_SECTION__NAME with a section of {', '.join(Settings.model_fields)}",
            hint="`segue config` lists all settings",
        )


_MOST_PARTS = 100
_SECTIONS = {f"SEGUE_{name.upper()}" for name in Settings.model_fields}


def as_toml(settings: BaseModel, prefix: str = "") -> str:
    """Settings as TOML, each under its description; what is not set stands as a comment."""
    plain, tables = [], []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            tables.append(f"\n[{prefix}{name}]\n{as_toml(value, f'{prefix}{name}.')}")
            continue
        if isinstance(value, dict):
            rows = "".join(f"{key} = {_toml(each)}\n" for key, each in value.items())
            tables.append(f"\n[{prefix}{name}]\n# {field.description}\n{rows}")
            continue
        plain.append(f"# {field.description}")
        plain.append(f"# {name} =" if value is None else f"{name} = {_toml(value)}")
    return "\n".join(plain) + ("\n" if plain else "") + "".join(tables)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, BaseModel):
        pairs = value.model_dump(mode="json", exclude_none=True).items()
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in pairs) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    import json

    return json.dumps(str(value), ensure_ascii=False)
