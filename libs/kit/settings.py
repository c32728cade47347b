"""What an operator can change, from the environment; a name that nothing reads is refused, not ignored."""

import dataclasses
import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from libs.kit.errors import StartRefused

S = TypeVar("S", bound=BaseSettings)


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Listed = BeforeValidator(_split)


class ServiceSettings(BaseSettings):
    """Base of a service's settings: `class Settings(ServiceSettings, env_prefix="INTAKE_")`."""

    model_config = SettingsConfigDict(extra="forbid", env_nested_delimiter="__", frozen=True)

    database_url: SecretStr | None = Field(default=None, description="A database of the service's own, if not ours.")


class KeyedSettings(ServiceSettings):
    """Base of the settings of a service that keeps keys in a database beside its own."""

    keys_url: SecretStr | None = Field(default=None, description="A database for its keys alone, if not ours.")


class PlatformSettings(BaseSettings):
    """What all services share."""

    model_config = SettingsConfigDict(
        env_prefix="DOVIRA_", extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True
    )

    env: Literal["development", "test", "production"] = Field(default="development", validation_alias="ENV")
    database_url: SecretStr | None = Field(
        default=None, validation_alias="DATABASE_URL", description="An administrator's; without it we bring our own."
    )
    kafka_bootstrap: str | None = Field(
        default=None, validation_alias="KAFKA_BOOTSTRAP", description="host:port; without it the log is PostgreSQL."
    )
    kafka_replication: int = Field(default=1, ge=1, le=5, description="Copies of each new topic.")
    migrate: bool | None = Field(default=None, description="Migrate at start; by default not in production.")
    run_dir: Path = Field(default=Path("run"), description="Where an embedded run keeps its data.")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str | None = Field(default=None, description="How browsers reach us, if not by host and port.")
    issuer: str | None = Field(default=None, description="An OIDC issuer; without it, the built-in development issuer.")
    audience: str = Field(default="dovira", min_length=1)
    algorithms: Annotated[tuple[Literal["EdDSA", "Ed25519", "RS256"], ...], NoDecode, Listed] = ("Ed25519", "EdDSA")
    roles_claim: str = Field(default="roles", description="Dotted: Keycloak has realm_access.roles.")
    secret: SecretStr | None = Field(default=None, min_length=16, description="Signs cursors; shared by all replicas.")
    origins: Annotated[tuple[str, ...], NoDecode, Listed] = Field(default=(), description="Web origins let in.")
    pool_size: int = Field(default=10, ge=1, le=100, description="Database connections per service and kind.")
    pool_wait: float = Field(default=2.0, gt=0, le=60, description="Seconds to wait for one, before a 503.")
    docs: bool | None = Field(default=None, description="Serve API documentation; by default not in production.")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    demo: bool = Field(default=False, description="At the first start, let the demo month happen.")
    console: bool = Field(default=False, description="Logs for people instead of JSON.")

    @property
    def production(self) -> bool:
        """Whether real people are on the other side."""
        return self.env == "production"

    @property
    def base_url(self) -> str:
        """How we are reached from outside, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


class Setting(NamedTuple):
    """One effective setting, as it may be shown."""

    variable: str
    value: str
    changed: bool
    meaning: str


def read(settings: type[S], **given: Any) -> S:
    """Settings from the environment, or StartRefused with a sentence that names the variable."""
    refuse_unknown(settings)
    try:
        return settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = "__".join(part for part in first["loc"] if isinstance(part, str))
        prefix = settings.model_config.get("env_prefix", "")
        variable = name if name.isupper() else f"{prefix}{name}".upper()
        raise StartRefused(f"The setting {variable} is not right: {first['msg']}.") from None


def refuse_unknown(settings: type[BaseSettings]) -> None:
    """A misspelt variable changes nothing, silently; better not to start."""
    prefix = settings.model_config.get("env_prefix", "")
    known = {variable for variable, _ in _variables(settings)}
    for variable in sorted(os.environ):
        if not prefix or not variable.upper().startswith(prefix) or variable.upper() in known:
            continue
        near = difflib.get_close_matches(variable.upper(), known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise StartRefused(f"Nothing reads the setting {variable}.{hint} `python -m services settings` lists them all.")


def table(settings: BaseSettings) -> Iterator[Setting]:
    """All effective settings, secrets masked."""
    defaults = {
        name: field.get_default(call_default_factory=True) for name, field in type(settings).model_fields.items()
    }
    for variable, path in _variables(type(settings)):
        value, default = _at(settings, path), _at(defaults[path[0]], path[1:])
        if _nested(value):
            continue
        meaning = type(settings).model_fields[path[0]].description or ""
        yield Setting(variable, _shown(value), value != default, meaning)


def _variables(settings: type[BaseSettings]) -> Iterator[tuple[str, tuple[str, ...]]]:
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        top = alias if isinstance(alias, str) else f"{prefix}{name}".upper()
        yield top, (name,)
        yield from _below(top, (name,), field.annotation)


def _below(top: str, path: tuple[str, ...], kind: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        return
    for field in dataclasses.fields(kind):
        variable, below = f"{top}__{field.name}".upper(), (*path, field.name)
        yield variable, below
        yield from _below(variable, below, field.type)


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = getattr(value, name)
    return value


def _nested(value: object) -> bool:
    return dataclasses.is_dataclass(value)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
