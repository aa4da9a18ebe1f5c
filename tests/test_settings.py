from pathlib import Path

import pytest

from bakame_duck import connect
from bakame_duck.errors import SettingsError
from bakame_duck.settings import Objectives, Settings, load_settings


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    """A working folder without a settings file, and no variables."""
    for name in ("DATA", "REPORTS", "TIMEZONE", "PSEUDONYM_KEY", "OBJECTIVES"):
        monkeypatch.delenv(f"BAKAME_DUCK_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings_of(toml):
    Path("bakame-duck.toml").write_text(toml)
    return load_settings()


def test_the_defaults_are_the_specification(working_folder):
    assert load_settings() == Settings.model_construct()
    assert Objectives().model_dump() == {
        "asr_latency": 500,
        "llm_latency": 2000,
        "tts_latency": 800,
        "total_latency": 3000,
        "error_rate": 5,
        "asr_error_rate": 2,
        "llm_error_rate": 3,
        "tts_error_rate": 1,
        "uptime": 99.5,
        "health_checks": 99,
    }


def test_the_file_sets_what_it_names_and_leaves_the_rest():
    settings = settings_of('timezone = "Europe/Berlin"\n[objectives]\nllm_latency = 1800\n')

    assert settings.timezone == "Europe/Berlin"
    assert settings.objectives == Objectives(llm_latency=1800)


def test_the_environment_goes_over_the_file(monkeypatch):
    monkeypatch.setenv("BAKAME_DUCK_TIMEZONE", "UTC")
    monkeypatch.setenv("BAKAME_DUCK_OBJECTIVES__LLM_LATENCY", "1700")

    settings = settings_of('timezone = "Europe/Berlin"\n[objectives]\nllm_latency = 1800\nuptime = 99.9\n')

    assert settings.timezone == "UTC"
    assert settings.objectives == Objectives(llm_latency=1700, uptime=99.9)


def test_the_objectives_of_the_settings_are_the_targets_in_the_catalogue(given):
    given.records({})
    settings = settings_of("[objectives]\nllm_latency = 1800\n")

    con = connect(given.folder, settings=settings)

    targets = dict(con.execute("select objective, target from objectives").fetchall())
    assert targets == Objectives(llm_latency=1800).model_dump()


def test_the_folder_of_the_settings_is_read_when_none_is_named(given):
    given.records({}, {})
    Path("bakame-duck.toml").write_text(f"data = '{given.folder}'\n")

    assert connect().execute("select count(*) from user_sessions").fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("toml", "name"),
    [
        ('time_zone = "UTC"', "time_zone"),
        ("[objectives]\nllm_latencies = 1800", "objectives.llm_latencies"),
        ("[objectives]\nllm_latency = 'fast'", "objectives.llm_latency"),
        ("[objectives]\nllm_latency = 0", "objectives.llm_latency"),
        ("[objectives]\nuptime = 101", "objectives.uptime"),
        ('timezone = "Africa/Kigaly"', "timezone"),
        ('timezone = "../etc/passwd"', "timezone"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(toml, name):
    with pytest.raises(SettingsError, match=rf"^Setting {name}: ") as error:
        settings_of(toml)

    assert "bakame-duck.toml" in error.value.hint


def test_an_unknown_objective_in_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("BAKAME_DUCK_OBJECTIVES__SPEED", "1")

    with pytest.raises(SettingsError, match="speed"):
        load_settings()


def test_a_file_that_is_not_toml_is_named():
    with pytest.raises(SettingsError, match=r"^bakame-duck\.toml: ") as error:
        settings_of("timezone = Africa/Kigali")

    assert "TOML" in error.value.hint
