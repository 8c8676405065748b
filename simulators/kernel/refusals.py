"""What the simulated loop refuses: real I/O, threads, processes and signals. Each message names the caller."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

from simulators.kernel.errors import FenceBreach
from simulators.kernel.fence_judge import culprit

REFUSED = """
    run_in_executor set_default_executor getaddrinfo getnameinfo
    create_connection create_server create_unix_connection create_unix_server create_datagram_endpoint
    connect_accepted_socket start_tls sendfile connect_read_pipe connect_write_pipe
    subprocess_shell subprocess_exec add_signal_handler remove_signal_handler
    add_reader remove_reader add_writer remove_writer
    sock_recv sock_recv_into sock_recvfrom sock_recvfrom_into sock_sendall sock_sendto sock_connect sock_accept
    sock_sendfile
"""


class NoRealWorld(asyncio.AbstractEventLoop):
    """An event loop whose every way out into the real world raises FenceBreach when called, and ends the run."""

    def end_run(self, error: BaseException) -> None:
        """Have the run raise `error`, whoever swallows it before."""
        raise NotImplementedError


def _refuse(name: str) -> Callable[..., Any]:
    def refused(self: NoRealWorld, *args: Any, **kwargs: Any) -> Any:
        error = FenceBreach(
            f"{culprit(sys._getframe(1), f'loop.{name}')}: there is no real I/O, thread, process or signal in the "
            "simulated world; use a simulated backend or a task"
        )
        if self.is_running():
            self.end_run(error)
        raise error

    refused.__name__ = name
    refused.__doc__ = "Refused."
    return refused


for _name in REFUSED.split():
    setattr(NoRealWorld, _name, _refuse(_name))
