"""
Start and stop the process that runs a report's notebook.

Starting takes half a second and stopping a third, so both overlap with other work: the kernel
starts while the command inspects the logs, and stops while the page is rendered.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Awaitable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop, run_sync
from traitlets.config import Config

from bakame_duck.errors import ReportError

_log = logging.getLogger(__name__)
_log.setLevel("CRITICAL")  # the exception reports what failed

_COMMAND = [sys.executable, "-m", "bakame_duck.reports.kernel_process", "-f", "{connection_file}"]
_TIMEOUT_S = 60
_ARGUMENTS = (
    '--IPKernelApp.logging_config={"handlers": {"console": {"level": 60}}}',  # nothing on our stderr
    "--HistoryManager.enabled=False",
)


class _Manager(AsyncKernelManager):
    """Starts a kernel of this Python, whatever kernel spec is installed as python3."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(argv=_COMMAND, display_name="Python 3", language="python")


class Kernel:
    """
    An IPython kernel of this Python, which starts immediately.

    It listens on socket files in a folder of its own. Anybody on the machine could connect to a TCP port, and in the
    working folder, Jupyter's default, two kernels can take each other's files.

    Attributes:
        manager: The kernel manager that nbclient needs.

    Raises:
        ReportError: The kernel cannot be started.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bakame-duck-", ignore_cleanup_errors=True)
        self._ending: threading.Thread | None = None
        folder = Path(self._folder.name)
        own = {"transport": "ipc", "ip": str(folder / "kernel")} if os.name == "posix" else {}
        self.manager = _Manager(config=Config(KernelManager=own), log=_log)
        ipython = folder / "ipython"  # no start-up files of the user, and no home folder needed
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
        Return a client once the kernel is ready.

        Raises:
            RuntimeError: It died, or does not answer within a minute.
        """
        client = self.manager.client()
        client.allow_stdin = False
        client.start_channels()
        try:
            _run(client.wait_for_ready(timeout=_TIMEOUT_S))
        except BaseException:
            client.stop_channels()
            raise
        return client

    def shutdown(self) -> None:
        """Shut down in the background; leaving the context waits for it."""
        self._ending = threading.Thread(target=self._end_in_thread)
        self._ending.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait until it has ended; an unused kernel is killed, since it may not be ready to receive a message."""
        if self._ending:
            self._ending.join()
        else:
            _run(self._end(self._kill()))

    def _end_in_thread(self) -> None:
        with closing(ensure_event_loop()):  # Jupyter opens an event loop for each thread, and doesn't close it
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


_run = run_sync(_done)  # works with and without a running event loop in this thread
