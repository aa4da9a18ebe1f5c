"""
Start and stop the process that runs a report's notebook.

It takes half a second to start and a third to end, in which the command has other things to do:
a kernel starts while the logs are looked at, and ends while the page is drawn.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Awaitable
from contextlib import closing, suppress
from pathlib import Path
from queue import Empty
from types import TracebackType
from typing import Self

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop, run_sync
from traitlets.config import Config

from bakame_duck.errors import ReportError

_log = logging.getLogger(__name__)
_log.setLevel("CRITICAL")  # what fails is told once, by the error

_COMMAND = [sys.executable, "-m", "bakame_duck.reports.kernel_process", "-f", "{connection_file}"]
_TIMEOUT_S = 60  # seconds
_ARGUMENTS = (
    '--IPKernelApp.logging_config={"handlers": {"console": {"level": 60}}}',  # above all: nothing on our stderr
    "--HistoryManager.enabled=False",
)


class _Manager(AsyncKernelManager):
    """Starts a kernel of this Python, whatever else is called python3 on this machine."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(argv=_COMMAND, display_name="Python 3", language="python")


class Kernel:
    """
    An IPython kernel of this Python, which starts at once.

    It listens at socket files, in a folder of its own: at a TCP port anybody on the machine could listen
    in, and in the working folder, where Jupyter would put the files, two kernels at once take each other's.

    Attributes:
        manager: What nbclient runs a notebook with.

    Raises:
        ReportError: It cannot be started.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bakame-duck-", ignore_cleanup_errors=True)
        self._ending: threading.Thread | None = None
        folder = Path(self._folder.name)
        own = {"transport": "ipc", "ip": str(folder / "kernel")} if os.name == "posix" else {}
        self.manager = _Manager(config=Config(KernelManager=own), log=_log)
        ipython = folder / "ipython"  # nobody's own start-up files, and no home needed
        ipython.mkdir()
        try:
            _run(self.manager.start_kernel(extra_arguments=[*_ARGUMENTS, f"--ipython-dir={ipython}"]))
        except OSError as error:
            _run(self._end(self._kill()))
            raise ReportError(
                f"No kernel can be started to run a notebook: {error}", hint="It needs a process, and some memory."
            ) from error

    def connect(self) -> AsyncKernelClient:
        """
        Return a client of it, once it answers and what it tells is heard.

        jupyter_client's own way to wait, ``wait_for_ready``, goes on to listen for a fifth of a second until there is
        silence; nbclient leaves alone what it did not ask for.

        Raises:
            RuntimeError: It died, or does not answer for a minute.
        """
        client = self.manager.client()
        client.allow_stdin = False
        try:
            _run(self._answer(client))
        except BaseException:
            client.stop_channels()
            raise
        return client

    async def _answer(self, client: AsyncKernelClient) -> None:
        client.start_channels()
        for _ in range(_TIMEOUT_S):
            client.kernel_info()
            with suppress(Empty):
                await client.get_shell_msg(timeout=1)
                await client.get_iopub_msg(timeout=0.2)
                return
            if not await self.manager.is_alive():
                raise RuntimeError("it died before it answered")
        raise RuntimeError(f"it did not answer within {_TIMEOUT_S} seconds")

    def shutdown(self) -> None:
        """Let it end by itself, now that it was used, while others work."""
        self._ending = threading.Thread(target=self._end_in_thread)
        self._ending.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait until it has ended; one that was not used is killed, as it may not hear yet."""
        if self._ending:
            self._ending.join()
        else:
            _run(self._end(self._kill()))

    def _end_in_thread(self) -> None:
        with closing(ensure_event_loop()):  # Jupyter opens a loop for each thread, and closes none
            _run(self._end(self._shut_down()))

    async def _end(self, ending: Awaitable[None]) -> None:
        try:
            await ending
        finally:
            await self.manager.cleanup_resources()
            self._folder.cleanup()

    async def _shut_down(self) -> None:
        if self.manager.has_kernel:
            await self.manager.shutdown_kernel()

    async def _kill(self) -> None:
        if provisioner := self.manager.provisioner:
            await provisioner.kill()
            await provisioner.wait()


async def _done(work: Awaitable[None]) -> None:
    await work


_run = run_sync(_done)  # Jupyter's own way: in a loop of this thread, or beside one that runs already
