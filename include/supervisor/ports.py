"""Loopback ports: a free one when nobody cares, a clear refusal when a configured one is taken."""

from __future__ import annotations

import errno
import socket

import psutil


class PortTaken(Exception):
    """A configured port is in use; the message names the process and the cure."""


def free_port() -> int:
    """A loopback port nobody listens on now; another process may still take it before its use."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_port(port: int, purpose: str, variable: str) -> int:
    """Return ``port`` when it can be bound on loopback; raises :class:`PortTaken` otherwise.

    ``variable`` is the environment variable that chooses another one.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Without this a port of a server stopped a moment ago (TIME_WAIT) would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            why = "may not be used by you" if error.errno == errno.EACCES else _holder(port)
            raise PortTaken(
                f"port {port} for {purpose} {why}. Stop that process, or choose another port:"
                f" {variable}={port + 1} make up"
            ) from error
    return port


def _holder(port: int) -> str:
    for process in psutil.process_iter(["pid", "name"]):
        try:
            connections = process.net_connections(kind="tcp")
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        for connection in connections:
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                return f"is taken by process {process.info['pid']} ({process.info['name']})"
    return "is taken by a process of another user"
