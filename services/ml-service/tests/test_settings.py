import json
import os
from pathlib import Path

import pytest

from nutri_ml.settings import Settings, SettingsError, declared_settings, read_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def problems() -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings()
    return caught.value.problems


def test_defaults_are_those_of_development() -> None:
    settings = read_settings()
    assert (settings.host, settings.port, settings.environment) == ("0.0.0.0", 8000, "development")
    assert (settings.app_version, settings.log_level, settings.drain_seconds) == ("dev", "info", 5)
    assert (settings.database_url, settings.redis_url, settings.model_path) == (None, None, None)
    assert 1 <= settings.inference_threads <= 4


def test_empty_means_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("PORT", "")
    assert read_settings().database_url is None


def test_all_problems_are_listed_and_no_value_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "99999")
    monkeypatch.setenv("DRAIN_SECONDS", "-1")
    monkeypatch.setenv("DATABASE_URL", "mysql://me:hunter2@db/x")
    monkeypatch.setenv("MODEL_PATH", "/no/such/folder")
    found = problems()
    assert [problem.split(":")[0] for problem in found] == [
        "PORT",
        "DRAIN_SECONDS",
        "DATABASE_URL",
        "MODEL_PATH",
    ]
    assert "hunter2" not in str(found)
    assert found[2].endswith("must be a URL that starts with postgresql:// or postgres://")


@pytest.mark.parametrize("url", ["postgresql://user:changeme@db/x", "postgresql://<user>@db/x"])
def test_a_placeholder_is_no_setting(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert problems() == ["DATABASE_URL: is still a placeholder"]


def test_a_malformed_url_is_a_problem_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://[hunter2")
    assert problems() == ["REDIS_URL: must be a URL that starts with redis:// or rediss://"]


def test_production_takes_the_model_from_a_folder_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    assert problems()[0].startswith("MODEL_PATH: is not set")
    monkeypatch.setenv("MODEL_PATH", str(tmp_path))
    assert read_settings().model_path == tmp_path


def test_secrets_do_not_print_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@db/x")
    settings = read_settings()
    assert "hunter2" not in repr(settings)
    assert settings.secrets() == ["postgresql://me:hunter2@db/x", "hunter2"]


def test_settings_json_lists_every_setting_as_it_is_declared() -> None:
    """`docs/deployment/ENVIRONMENT.md` and `.env.example` are made of that file.

    After a wanted change: UPDATE_EXPECTED=1 pytest tests/test_settings.py
    """
    listed = Path(__file__).parents[1] / "settings.json"
    text = json.dumps(declared_settings(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_EXPECTED"):
        listed.write_text(text)
    assert text == listed.read_text()


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_the_password_of_every_example_is_refused_in_production(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    scheme = "redis" if name == "REDIS_URL" else "postgresql"
    monkeypatch.setenv("MODEL_PATH", str(tmp_path))
    monkeypatch.setenv(name, f"{scheme}://me:Password@db/0")
    assert read_settings().environment == "development"
    monkeypatch.setenv("ENVIRONMENT", "production")
    assert problems() == [f"{name}: its password is one that everybody tries first"]
