"""The wheel: built from this clone, installed elsewhere, used from a third place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytest_plugins = ["tests.report_fixtures"]

ROOT = Path(__file__).parents[2]
BUILT_FROM = ("bakame_duck", "sql", "notebooks", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")


def call(*command: object, cwd: Path) -> str:
    """Run *command* without a variable that names this clone, our settings or another Jupyter kernel."""
    ours = ("BAKAME_DUCK_", "PYTHON", "VIRTUAL_ENV", "JUPYTER")
    stripped = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {"HOME": str(cwd)}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=stripped, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, as others may be building or testing in the clone."""
    copy = tmp_path_factory.mktemp("clone")
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy2(ROOT / name, copy)
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", copy / "dist", cwd=copy)
    (built,) = (copy / "dist").iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    The ``bin`` of an environment with the wheel.

    A ``.pth`` shows it the dependencies of this environment: they are pinned and there already,
    and fetching them anew would test the network. The path by which an editable install shows
    this clone is not passed on, as Python reads no ``.pth`` of a folder that a ``.pth`` names:
    the package itself can only come from the wheel.
    """
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    (site_packages,) = (folder / "lib").glob("python*/site-packages")
    (site_packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    templates = Path("share", "jupyter", "nbconvert")  # nbconvert's own, which it looks for in the environment
    (folder / templates).parent.mkdir(parents=True)
    (folder / templates).symlink_to(Path(sysconfig.get_path("data"), templates))
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    call(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    return folder / "bin"


def test_the_wheel_holds_the_sql_the_notebooks_and_the_template(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    templates = (path for path in (ROOT / "bakame_duck" / "templates").rglob("*") if path.is_file())
    wanted = {str(path.relative_to(ROOT)) for path in (*(ROOT / "bakame_duck").glob("*.py"), *templates)}
    wanted |= {f"bakame_duck/{path.relative_to(ROOT)}" for path in (ROOT / "sql").rglob("*.sql")}
    wanted |= {f"bakame_duck/{path.relative_to(ROOT)}" for path in (ROOT / "notebooks").glob("*.ipynb")}

    assert len(wanted) > 50
    assert set() == wanted - held
    assert {"bakame_duck"} == {name.split("/")[0] for name in held if ".dist-info/" not in name}


def test_the_package_comes_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    told = call(
        installed / "python",
        "-c",
        "import bakame_duck; from bakame_duck.resources import resource_folder as f;"
        "print(bakame_duck.__file__, f('sql'), f('notebooks'), sep='\\n')",
        cwd=tmp_path,
    )

    assert [True, True, True] == [Path(line).is_relative_to(installed.parent) for line in told.splitlines()]


def test_the_weekly_report_is_made_elsewhere(installed: Path, sample_folder: Path, tmp_path: Path) -> None:
    told = call(
        installed / "bakame-duck", "report", "weekly", "--week", "2026-W03", "--data", sample_folder, cwd=tmp_path
    )

    paths = told.splitlines()
    assert [f"reports/weekly-performance-2026-W03.{suffix}" for suffix in ("html", "ipynb", "json")] == paths
    assert [True, True, True] == [(tmp_path / path).stat().st_size > 10_000 for path in paths]
