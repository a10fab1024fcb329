"""Where the server listens: read, and tried out with real sockets."""

import os
import socket
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from django_bolt.management.listening import make_ready, read_address


@pytest.mark.parametrize(
    ("text", "shown", "options"),
    [
        ("8001", "http://127.0.0.1:8001/", ("--host", "127.0.0.1", "--port", "8001")),
        ("0.0.0.0:80", "http://0.0.0.0:80/", ("--host", "0.0.0.0", "--port", "80")),
        ("[::1]:8000", "http://[::1]:8000/", ("--host", "::1", "--port", "8000")),
        ("unix:/run/a.sock", "unix:/run/a.sock", ("--uds", "/run/a.sock")),
    ],
)
def test_address_is_shown_and_given_to_the_server(
    text: str, shown: str, options: tuple[str, ...]
) -> None:
    address = read_address(text)

    assert (address.shown, address.options) == (shown, options)


def test_name_of_a_host_is_given_to_the_server_as_its_address() -> None:
    """granian takes no names."""
    address = read_address("localhost:65535")

    assert address.shown == "http://localhost:65535/"
    assert address.target in [("127.0.0.1", 65535), ("::1", 65535)]


@pytest.mark.parametrize("host", ["[1:2]", "a" * 64], ids=["no IPv6", "no name"])
def test_host_that_cannot_be_is_refused(host: str) -> None:
    """RFC 4291 §2.2 and RFC 1035 §2.3.4: no name server has to be asked."""
    with pytest.raises(CommandError, match=r"host .* must be .*; got '[1:2a]+': "):
        read_address(f"{host}:8000")


def test_socket_is_named_from_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert read_address("unix:a.sock").options == ("--uds", f"{tmp_path}/a.sock")


@pytest.mark.parametrize(
    "text",
    ["", "localhost", ":8000", "0", "65536", "a:b", "::1:8000", "a b:80", "unix:"],
)
def test_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match=r"The address must be .*; got '"):
        read_address(text)


def test_port_where_somebody_listens_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        with pytest.raises(
            CommandError, match=rf"at http://.*:{port}/; .*: Address already in use\."
        ):
            make_ready(read_address(str(port)))


def test_port_is_free_after_it_was_tried(reserved_port: int) -> None:
    make_ready(read_address(str(reserved_port)))

    socket.create_server(("127.0.0.1", reserved_port)).close()


def test_socket_is_not_there_after_it_was_tried(tmp_path: Path) -> None:
    make_ready(read_address(f"unix:{tmp_path}/a.sock"))

    assert os.listdir(tmp_path) == []


def test_socket_that_a_killed_server_has_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    assert path.is_socket()

    make_ready(read_address(f"unix:{path}"))

    assert not path.exists()


def test_socket_where_somebody_listens_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        with pytest.raises(CommandError, match="Address already in use"):
            make_ready(read_address(f"unix:{path}"))

    assert path.is_socket()


def test_file_that_is_no_socket_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Keep me.")

    with pytest.raises(CommandError, match="Address already in use"):
        make_ready(read_address(f"unix:{path}"))

    assert path.read_text() == "Keep me."


def test_socket_in_a_directory_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file or directory"):
        make_ready(read_address(f"unix:{tmp_path}/missing/a.sock"))


def test_socket_whose_path_is_too_long_is_refused(tmp_path: Path) -> None:
    """unix(7): 108 bytes, of which one ends it."""
    with pytest.raises(CommandError, match=r"the system says: \w"):
        make_ready(read_address(f"unix:{tmp_path}/{'a' * 120}"))
