"""The process that runs a report's notebook: it starts at once, and is gone when nobody needs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from bakame_duck.errors import ReportError
from bakame_duck.reports import kernel as kernel_module
from bakame_duck.reports.kernel import Kernel


def process_of(kernel: Kernel) -> subprocess.Popen[bytes]:
    return kernel.manager.provisioner.process


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where kernels keep their files; socket files have short paths."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(made := Path(tempfile.mkdtemp(dir=tmp_path.parents[2], prefix="k"))))
    return made


def test_a_kernel_that_nobody_used_is_killed_without_a_word(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Kernel() as kernel:
        process = process_of(kernel)
        assert process.poll() is None
        assert list(folder.iterdir())

    assert process.poll() is not None
    assert [] == list(folder.iterdir())
    assert ("", "") == capfd.readouterr()


@pytest.mark.parametrize("dead", [False, True], ids=["alive", "dead"])
def test_a_kernel_that_was_used_ends_by_itself(folder: Path, dead: bool, capfd: pytest.CaptureFixture[str]) -> None:
    with Kernel() as kernel:
        process = process_of(kernel)
        client = kernel.connect()
        if dead:
            process.kill()
            process.wait()
        client.stop_channels()
        kernel.shutdown()

    assert process.poll() is not None
    assert [] == list(folder.iterdir())
    assert "" == capfd.readouterr().out


def test_a_kernel_listens_where_only_its_owner_can(folder: Path) -> None:
    with Kernel() as kernel:
        assert "ipc" == kernel.manager.transport
        assert Path(kernel.manager.ip).parent.parent == folder
        assert 0o700 == Path(kernel.manager.ip).parent.stat().st_mode & 0o777


def test_a_kernel_is_of_this_python_whatever_else_is_called_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = folder / "jupyter" / "kernels" / "python3"
    other.mkdir(parents=True)
    (other / "kernel.json").write_text(json.dumps({"argv": ["false"], "display_name": "?", "language": "?"}))
    monkeypatch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
    assert ["false"] == KernelSpecManager().get_kernel_spec("python3").argv

    with Kernel() as kernel:
        kernel.connect().stop_channels()

        assert [sys.executable, "-m", "bakame_duck.reports.kernel_process"] == process_of(kernel).args[:3]
        kernel.shutdown()


def test_a_kernel_that_cannot_start_leaves_no_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def launch(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("jupyter_client.provisioning.local_provisioner.launch_kernel", launch)

    with pytest.raises(ReportError, match=r"No kernel can be started to run a notebook: .*temporarily unavailable"):
        Kernel()

    assert [] == list(folder.iterdir())


def test_a_kernel_that_dies_before_it_answers_is_told(folder: Path) -> None:
    with Kernel() as kernel:
        process_of(kernel).kill()

        with pytest.raises(RuntimeError, match="Kernel died before replying"):
            kernel.connect()


def test_a_kernel_that_does_not_answer_is_waited_for_in_vain(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_module, "_TIMEOUT_S", 1)
    with Kernel() as kernel:
        process_of(kernel).send_signal(signal.SIGSTOP)

        with pytest.raises(RuntimeError, match="Kernel didn't respond in 1 seconds"):
            kernel.connect()
