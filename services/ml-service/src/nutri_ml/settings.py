"""Everything the service is told from outside, read and checked once.

No other file reads the environment. All mistakes are listed together, and values are never
repeated: they may be secret.
"""

import os
import re
from typing import Annotated, Literal
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
from pydantic_settings import BaseSettings, SettingsConfigDict

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


class Settings(BaseSettings):
    """The settings by their names in the environment, in lower case."""

    # Compose and dotenv files turn "not set" into an empty string; both mean the same here.
    model_config = SettingsConfigDict(
        env_ignore_empty=True, frozen=True, hide_input_in_errors=True, validate_default=True
    )

    environment: Literal["development", "test", "staging", "production"] = "development"
    app_version: Annotated[str, StringConstraints(pattern=r"^[\w.+-]{1,128}$")] = "dev"
    host: Annotated[str, StringConstraints(min_length=1)] = "0.0.0.0"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = 9465
    log_level: Literal["debug", "info", "warn", "error", "fatal"] = "info"
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = 5
    database_url: Annotated[SecretStr, _url_of("postgresql", "postgres")] | None = None
    redis_url: Annotated[SecretStr, _url_of("redis", "rediss")] | None = None
    model_path: DirectoryPath | None = None
    sentry_dsn: Annotated[SecretStr, _url_of("http", "https")] | None = None
    sentry_environment: Annotated[str, StringConstraints(max_length=64)] | None = None
    sentry_sample_percent: Annotated[int, Field(ge=0, le=100)] = 100
    inference_threads: Annotated[int, Field(ge=1, le=64)] = Field(default_factory=_threads_default)
    estimate_queue: Annotated[int, Field(ge=1, le=1000)] = 32

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


class SettingsError(Exception):
    """The settings are wrong, in one or more ways."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        listed = "".join(f"\n  - {problem}" for problem in problems)
        hint = "\n  hint: see the table in services/ml-service/README.md"
        super().__init__(f"cannot start: the settings are wrong:{listed}{hint}")


def read_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise SettingsError([_problem(e["loc"], e["msg"]) for e in found]) from None


def _problem(location: tuple[int | str, ...], message: str) -> str:
    return f"{str(location[0]).upper()}: {message.removeprefix('Value error, ')}"
