"""Everything the service is told from outside, read and checked once.

No other file reads the environment. All mistakes are listed together, and values are never
repeated: they may be secret.
"""

import os
import re
from dataclasses import dataclass
from typing import Annotated, Literal, get_args, get_type_hints
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    DirectoryPath,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, SettingsConfigDict

# A database chooses its own passwords; what examples use is refused.
KNOWN_PASSWORDS = {"postgres", "password", "secret", "redis", "admin", "nutri", "development"}
PLACEHOLDER = re.compile(r"change[-_ ]?me|placeholder|your[-_ ]?secret|<[^>]*>", re.IGNORECASE)
THREADS_DEFAULT_MAX = 4


def _url_of(*schemes: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if PLACEHOLDER.search(text):
            raise ValueError("is still a placeholder")
        # A malformed URL makes `urlsplit` raise with the text in its message: ours has none.
        try:
            scheme = urlsplit(text).scheme
        except ValueError:
            scheme = ""
        if scheme not in schemes:
            wanted = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ValueError(f"must be a URL that starts with {wanted}")
        return secret

    return AfterValidator(check)


def _threads_default() -> int:
    return min(len(os.sched_getaffinity(0)), THREADS_DEFAULT_MAX)


@dataclass(frozen=True)
class Said:
    """What a setting is, beside what is checked: `settings.json` is made of it."""

    type: str
    description: str
    # What stands in the page for a default that depends on the machine.
    default: str | None = None


class Settings(BaseSettings):
    """The settings by their names in the environment, in lower case."""

    # Compose and dotenv files turn "not set" into an empty string; both mean the same here.
    model_config = SettingsConfigDict(
        env_ignore_empty=True, frozen=True, hide_input_in_errors=True, validate_default=True
    )

    environment: Annotated[
        Literal["development", "test", "staging", "production"],
        Said("`development`, `test`, `staging` or `production`", "where it runs"),
    ] = "development"
    app_version: Annotated[
        str,
        StringConstraints(pattern=r"^[\w.+-]{1,128}$"),
        Said("text", "shown in `x-app-version`, health and logs"),
    ] = "dev"
    host: Annotated[
        str, StringConstraints(min_length=1), Said("address", "address to listen on")
    ] = "0.0.0.0"
    port: Annotated[
        int,
        Field(ge=0, le=65_535),
        Said("whole number, 0 to 65535", "port to listen on; `0` takes a free one and logs it"),
    ] = 8000
    metrics_port: Annotated[
        int,
        Field(ge=0, le=65_535),
        Said("whole number, 0 to 65535", "port of `/metrics`; `0` for none"),
    ] = 9465
    log_level: Annotated[
        Literal["debug", "info", "warn", "error", "fatal"],
        Said("`debug`, `info`, `warn`, `error` or `fatal`", "what is logged"),
    ] = "info"
    drain_seconds: Annotated[
        float,
        Field(ge=0, le=300),
        Said("number, 0 to 300", "how long readiness fails before nothing more is accepted"),
    ] = 5
    database_url: (
        Annotated[
            SecretStr,
            _url_of("postgresql", "postgres"),
            Said(
                "URL of Postgres", "the database to watch; query parameters of Prisma are ignored"
            ),
        ]
        | None
    ) = None
    redis_url: (
        Annotated[
            SecretStr,
            _url_of("redis", "rediss"),
            Said("URL of Redis", "where estimates are remembered"),
        ]
        | None
    ) = None
    model_path: (
        Annotated[
            DirectoryPath,
            Said(
                "folder",
                "holds `model.onnx` and `tokenizer.json`; must be set in production",
                "installed packages",
            ),
        ]
        | None
    ) = None
    sentry_dsn: (
        Annotated[
            SecretStr,
            _url_of("http", "https"),
            Said("URL", "where faults are reported; without it, nowhere"),
        ]
        | None
    ) = None
    sentry_environment: (
        Annotated[
            str,
            StringConstraints(max_length=64),
            Said("text", "the environment they are reported under", "`ENVIRONMENT`"),
        ]
        | None
    ) = None
    sentry_sample_percent: Annotated[
        int,
        Field(ge=0, le=100),
        Said("whole number, 0 to 100", "how many of them"),
    ] = 100
    inference_threads: Annotated[
        int,
        Field(ge=1, le=64),
        Said("whole number, 1 to 64", "texts that are encoded at once", "cores, at most 4"),
    ] = Field(default_factory=_threads_default)
    estimate_queue: Annotated[
        int,
        Field(ge=1, le=1000),
        Said("whole number, 1 to 1000", "how many more may wait; beyond it the answer is 503"),
    ] = 32

    @field_validator("database_url", "redis_url")
    @classmethod
    def _is_guarded_in_production(
        cls, url: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        password = urlsplit(url.get_secret_value()).password if url else None
        known = (password or "").lower() in KNOWN_PASSWORDS
        if known and info.data.get("environment") in {"staging", "production"}:
            raise ValueError("its password is one that everybody tries first")
        return url

    @field_validator("model_path")
    @classmethod
    def _is_said_in_production(
        cls, path: DirectoryPath | None, info: ValidationInfo
    ) -> DirectoryPath | None:
        if path is None and info.data.get("environment") == "production":
            raise ValueError("is not set; production takes no weights from installed packages")
        return path

    def secrets(self) -> list[str]:
        """Gives what must never reach a log: whole URLs and the passwords in them."""
        told = (self.database_url, self.redis_url, self.sentry_dsn)
        urls = (url.get_secret_value() for url in told if url)
        return [part for url in urls for part in (url, urlsplit(url).password) if part]


def declared_settings() -> list[dict[str, object]]:
    """Every setting as `settings.json` lists it, for pages that are made of it."""
    return [_declared(name, field) for name, field in Settings.model_fields.items()]


def _declared(name: str, field: FieldInfo) -> dict[str, object]:
    hint = get_type_hints(Settings, include_extras=True)[name]
    # Of `Annotated[…] | None` the first part says what it is.
    annotated = hint if hasattr(hint, "__metadata__") else get_args(hint)[0]
    said = next(it for it in annotated.__metadata__ if isinstance(it, Said))
    known = field.default is not None and field.default is not PydanticUndefined
    shown: dict[str, object] = {} if said.default is None else {"default_is": said.default}
    return {
        "name": name.upper(),
        "type": said.type,
        "required": field.is_required(),
        "default": (
            f"{field.default:g}"
            if isinstance(field.default, float)
            else (str(field.default) if known else None)
        ),
        **shown,
        "secret": get_args(annotated)[0] is SecretStr,
        "description": said.description,
    }


class SettingsError(Exception):
    """The settings are wrong, in one or more ways."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        listed = "".join(f"\n  - {problem}" for problem in problems)
        hint = "\n  hint: see docs/deployment/ENVIRONMENT.md"
        super().__init__(f"cannot start: the settings are wrong:{listed}{hint}")


def read_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise SettingsError([_problem(e["loc"], e["msg"]) for e in found]) from None


def _problem(location: tuple[int | str, ...], message: str) -> str:
    return f"{str(location[0]).upper()}: {message.removeprefix('Value error, ')}"
