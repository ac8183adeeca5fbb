"""Ports: a taken one names its holder and the cure."""

from __future__ import annotations

import os
import socket

import pytest

from include.supervisor.ports import PortTaken, free_port, require_port


def test_a_free_port_can_be_bound_at_once() -> None:
    port = free_port()
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        assert server.getsockname()[1] == port


def test_a_taken_port_names_the_process_and_the_variable_that_chooses_another() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            require_port(port, "Airflow's page", "THROUGHLINE_AIRFLOW_PORT")
    message = str(caught.value)
    assert f"port {port} for Airflow's page" in message
    assert f"process {os.getpid()} " in message
    assert f"THROUGHLINE_AIRFLOW_PORT={port + 1}" in message


def test_a_port_nobody_holds_is_accepted() -> None:
    port = free_port()
    assert require_port(port, "anything", "ANY") == port
