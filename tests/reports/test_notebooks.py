"""The notebooks as they lie in ``notebooks/``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest

from bakame_duck.palette import NUMBERS
from bakame_duck.reports.request import KINDS
from bakame_duck.resources import resource_folder

pytest_plugins = ["tests.report_fixtures"]

NOTEBOOKS = sorted(resource_folder("notebooks").glob("*.ipynb"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_every_report_has_its_notebook_and_analysts_have_one_more() -> None:
    assert {kind.notebook for kind in KINDS.values()} | {"explore.ipynb"} == {path.name for path in NOTEBOOKS}


@each
def test_a_notebook_is_valid(path: Path) -> None:
    nbformat.validate(nbformat.read(path, as_version=nbformat.NO_CONVERT))


@each
def test_a_notebook_holds_no_output_of_a_run(path: Path) -> None:
    cells = code_cells(nbformat.read(path, as_version=4))

    assert cells
    assert [] == [cell.id for cell in cells if cell.outputs or cell.execution_count is not None]


@each
def test_the_first_code_cell_has_the_parameters(path: Path) -> None:
    tagged = ["parameters" in cell.metadata.get("tags", []) for cell in code_cells(nbformat.read(path, as_version=4))]

    assert [True] + [False] * (len(tagged) - 1) == tagged


@each
def test_a_cell_is_short(path: Path) -> None:
    cells = code_cells(nbformat.read(path, as_version=4))

    assert [] == [cell.id for cell in cells if len(cell.source.splitlines()) > 15]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_reports_notebook_takes_what_the_command_gives_it(kind) -> None:
    path = resource_folder("notebooks") / kind.notebook

    parameters = papermill.inspect_notebook(path)

    assert list(kind.parameters.model_fields) == list(parameters)


def test_explore_runs_over_the_sample(sample_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    executed = papermill.execute_notebook(
        resource_folder("notebooks") / "explore.ipynb",
        tmp_path / "explore.ipynb",
        parameters={"data": str(sample_folder)},
        kernel_name="python3",
        progress_bar=False,
    )

    cells = [cell for cell in code_cells(executed) if "parameters" not in " ".join(cell.metadata.tags)]
    assert [] == [cell.id for cell in cells if cell.execution_count is None]
    assert [] == [cell.id for cell in cells if not cell.outputs]  # each shows something
    assert [] == [output for cell in cells for output in cell.outputs if output.output_type in ("error", "stream")]
    assert [] == [cell.id for cell in cells if "shape: (0," in str(cell.outputs)]


def test_papermill_alone_makes_a_report(sample_folder: Path, tmp_path: Path) -> None:
    from tests.report_fixtures import environment  # not above: pytest has to be the first to import its fixtures

    path = resource_folder("notebooks") / "tts_tuning.ipynb"
    executed = tmp_path / "executed.ipynb"

    subprocess.run(
        [Path(sys.executable).with_name("papermill"), path, executed, "-p", "week", "2026-W02", "-k", "python3"],
        cwd=tmp_path,
        env=environment(BAKAME_DUCK_DATA=str(sample_folder), PYDEVD_DISABLE_FILE_VALIDATION="1"),
        check=True,
        capture_output=True,
    )

    outputs = [output for cell in code_cells(nbformat.read(executed, as_version=4)) for output in cell.outputs]
    assert [] == [output for output in outputs if output.output_type == "error"]
    (windows,) = [
        numbers["slo_violation_windows"]
        for output in outputs
        if "slo_violation_windows" in (numbers := json.loads(output.get("data", {}).get(NUMBERS, "{}")))
    ]
    assert {"2026-01-05", "2026-01-11"} <= {row["window_at"][:10] for row in windows}
