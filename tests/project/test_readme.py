import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from bakame_duck.cli.app import app
from bakame_duck.settings import Objectives, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
EXAMPLES = [
    (command, expected)
    for block in re.findall(r"```console\n(\$ .*?)```", README, re.DOTALL)
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the sample and the report of its newest week, which another worker's example may write."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "data" / "sample", folder / "data" / "sample", ignore=shutil.ignore_patterns(".*"))
    assert run("bakame-duck report weekly", folder).returncode == 0
    return folder


def run(command, folder):
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "BAKAME_DUCK_DATA": "data/sample",
    }
    return subprocess.run(
        ["bash", "-c", f"{command} 2>&1"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("command", "expected"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_an_example_prints_what_the_readme_shows(folder, command, expected):
    assert expected == run(command, folder).stdout


def test_the_readme_shows_examples_of_most_commands():
    assert len(EXAMPLES) >= 10


def test_the_readme_names_every_command():
    commands = get_command(app).commands
    groups = {name: command.commands for name, command in commands.items() if hasattr(command, "commands")}
    names = {*commands, *(f"{group} {name}" for group, inner in groups.items() for name in inner)}

    assert {"report", "cache"} == groups.keys()
    assert set() == {name for name in names if f"bakame-duck {name}" not in README}


def test_the_readme_names_every_view():
    rows = re.findall(r"^\| (`\w+`.*?) \|", README, re.MULTILINE)

    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]

    assert sorted(named) == sorted(file.stem for file in (ROOT / "sql" / "views").glob("*.sql"))


def test_the_readme_names_every_metric():
    (listed,) = re.findall(r"\$ bakame-duck metric --format csv \| cut -d, -f1\nmetric\n(.*?)```", README, re.DOTALL)

    assert listed.split() == sorted(file.stem for file in (ROOT / "sql" / "metrics").rglob("*.sql"))


def test_the_settings_of_the_readme_are_the_defaults():
    toml = re.search(r"```toml\n(.*?)```", README, re.DOTALL).group(1)

    names = re.findall(r"^(?:# )?(\w+) +=", toml, re.MULTILINE)

    assert Settings.model_validate(tomllib.loads(toml)) == Settings.model_construct()
    assert set(names) == {*Settings.model_fields, *Objectives.model_fields} - {"objectives"}


def test_the_python_of_the_readme_runs(folder):
    lines = "".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))

    done = subprocess.run([sys.executable, "-c", lines], cwd=folder, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
