"""Every way to get the configuration wrong is one line that says what to change, and exit status 78."""

import socket
import subprocess
from pathlib import Path

import pytest

from emailgw.config import Config, Duration, Endpoint, Size, load
from emailgw.errors import ConfigError
from tests.harness.gateway import ENVIRONMENT, PROGRAM

# (file, key, what was found, what is expected)
WRONG = [
    # Unknown keys, with a guess at what was meant.
    ('dat_dir = "x"', "dat_dir", "unknown key", "did you mean data_dir"),
    ("[queue]\nmax_session = 5", "queue.max_session", "unknown key", "did you mean queue.max_sessions"),
    ("[queues]", "queues", "unknown key", "did you mean queue"),
    ("[xyz]", "xyz", "unknown key", "known here are data_dir, "),
    ("[http]\nzzz = 1", "http.zzz", "unknown key", "known here are listen, "),
    # Wrong types.
    ("data_dir = 5", "data_dir", "found 5", "expected a string"),
    ("http = 5", "http", "found 5", "expected a section [http]"),
    ('[http]\nlisten = "127.0.0.1:80"', "http.listen", "found '127.0.0.1:80'", "expected a list"),
    ("[http]\nlisten = [80]", "http.listen[0]", "found 80", '"127.0.0.1:8080"'),
    ('[queue]\nclaim = "5"', "queue.claim", "found '5'", "expected an integer"),
    ("[queue]\nclaim = 5.5", "queue.claim", "found 5.5", "expected an integer"),
    ("[queue]\nclaim = true", "queue.claim", "found True", "expected an integer"),
    ('[queue]\njitter = "0.1"', "queue.jitter", "found '0.1'", "expected a number"),
    ("[log]\nmail = 1", "log.mail", "found 1", "expected true or false"),
    ("[queue]\nlease = 900", "queue.lease", "found 900", "a duration such as"),
    ("[http]\nmax_body = 1000", "http.max_body", "found 1000", "a size such as"),
    # Bad values.
    ('[queue]\nlease = "15 minutes"', "queue.lease", "found '15 minutes'", "a duration such as"),
    ('[queue]\nlease = "-15m"', "queue.lease", "found '-15m'", "a duration such as"),
    ('[queue]\nretry = ["1m", "soon"]', "queue.retry[1]", "found 'soon'", "a duration such as"),
    ('[http]\nmax_body = "40mb"', "http.max_body", "found '40mb'", "a size such as"),
    ('[http]\nlisten = ["localhost"]', "http.listen[0]", "found 'localhost'", "an address such as"),
    ('[http]\nlisten = ["::1:80"]', "http.listen[0]", "found '::1:80'", "an address such as"),
    ('[http]\nlisten = ["127.0.0.1:65536"]', "http.listen[0]", "found '127.0.0.1:65536'", "an address such as"),
    ('[delivery]\nallow_networks = ["10.0.0.1/8"]', "delivery.allow_networks[0]", "found '10.0.0.1/8'", "a network"),
    ('ehlo_name = "not a host"', "ehlo_name", "found 'not a host'", "a host name such as"),
    ('ehlo_name = "127.0.0.1"', "ehlo_name", "found '127.0.0.1'", "a host name such as"),
    ('[delivery]\ntls = "yes"', "delivery.tls", "found 'yes'", "expected 'opportunistic' or 'off'"),
    ('[log]\nlevel = "INFO"', "log.level", "found 'INFO'", "expected 'debug' or 'info'"),
    ('data_dir = ""', "data_dir", "found ''", "expected a directory"),
    ('[dns]\nnameservers = ["dns.test:53"]', "dns.nameservers[0]", "found 'dns.test:53'", "the IP address of a DNS"),
    ('[dns]\nnameservers = ["1.1.1.1:x"]', "dns.nameservers[0]", "found '1.1.1.1:x'", "the IP address of a DNS"),
    # Ranges.
    ("[delivery]\nmx_port = 0", "delivery.mx_port", "found 0", "expected 1 to 65535"),
    ("[delivery]\nmx_port = 65536", "delivery.mx_port", "found 65536", "expected 1 to 65535"),
    ("[queue]\njitter = 1.5", "queue.jitter", "found 1.5", "expected 0.0 to 0.9"),
    ("[queue]\njitter = nan", "queue.jitter", "found nan", "expected 0.0 to 0.9"),
    ("[queue]\nclaim = 0", "queue.claim", "found 0", "expected 1 to 1000"),
    ("[queue]\nmax_sessions = -5", "queue.max_sessions", "found -5", "expected 1 to 10000"),
    ('[queue]\nlifetime = "1ms"', "queue.lifetime", "found 1ms", "expected 1s to 30d"),
    ('[dns]\ntimeout = "1h"', "dns.timeout", "found 1h", "expected 100ms to 5m"),
    ('[http]\nmax_body = "2GB"', "http.max_body", "found 2GB", "expected 1KB to 1GB"),
    ("[queue]\nretry = []", "queue.retry", "found []", "at least one duration"),
    ('[queue]\nretry = ["31d"]', "queue.retry", "31d", "none over 30d"),
    ("[http]\nlisten = []", "http.listen", "found []", "at least one address"),
    # What must fit together (G4: a try ends before its lease).
    ('[queue]\nlease = "5m"', "queue.lease", "found 5m", "expected at least 13m"),
    ('[delivery]\ntry_timeout = "15m"', "queue.lease", "found 15m", "expected at least 16m"),
    # No TOML at all.
    ("data_dir = /var/lib", "not valid TOML", "line 1", "column"),
    ("[queue]\n[queue]", "not valid TOML", "queue", "line 2"),
]
# Through the program, one of each kind: the rest is the same code behind the same door.
THROUGH_THE_PROGRAM = [WRONG[0], WRONG[5], WRONG[16], WRONG[30], WRONG[40], WRONG[42]]


@pytest.mark.parametrize(("text", "key", "found", "expected"), WRONG)
def test_one_line_says_what_to_change(tmp_path: Path, text: str, key: str, found: str, expected: str) -> None:
    path = tmp_path / "emailgw.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    for part in (key, found, expected):
        assert part in line


def run(path: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "-c", str(path), *command], capture_output=True, text=True, timeout=60, env=ENVIRONMENT, check=False
    )


@pytest.mark.parametrize(("text", "key", "found", "expected"), THROUGH_THE_PROGRAM)
@pytest.mark.parametrize("command", ["check", "serve"])
def test_the_program_says_it_and_ends_with_78(
    tmp_path: Path, command: str, text: str, key: str, found: str, expected: str
) -> None:
    path = tmp_path / "emailgw.toml"
    path.write_text(text)
    result = run(path, command)
    assert (result.returncode, result.stdout) == (78, "")
    [line] = result.stderr.splitlines()
    for part in (str(path), key, found, expected):
        assert part in line


@pytest.mark.parametrize("command", ["check", "serve", "queue list", "key create"])
def test_a_missing_file_is_a_hint_at_init(tmp_path: Path, command: str) -> None:
    result = run(tmp_path / "nowhere.toml", *command.split())
    assert result.returncode == 78
    [line] = result.stderr.splitlines()
    assert "no such file" in line
    assert "init" in line


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "emailgw.toml"
    path.write_bytes(b"\xff\xfe\0")
    result = run(path, "check")
    assert result.returncode == 78
    assert len(result.stderr.splitlines()) == 1


def test_a_directory_instead_of_a_file(tmp_path: Path) -> None:
    result = run(tmp_path, "check")
    assert result.returncode == 78
    assert len(result.stderr.splitlines()) == 1


def test_an_address_in_use_is_named_and_temporary(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        path = tmp_path / "emailgw.toml"
        path.write_text(f'data_dir = "{tmp_path}/data"\n[http]\nlisten = ["{address}"]\n')
        result = run(path, "serve")
    assert result.returncode == 75  # a supervisor tries again, which it does not after 78
    [line] = result.stderr.splitlines()
    assert "http.listen" in line
    assert address in line


@pytest.mark.parametrize(("written", "host", "port"), [
    ("1.1.1.1", "1.1.1.1", 53),
    ("127.0.0.1:5353", "127.0.0.1", 5353),
    ("2606:4700::1111", "2606:4700::1111", 53),
    ("[::1]", "::1", 53),
    ("[::1]:5353", "::1", 5353),
])  # fmt: skip
def test_a_nameserver_has_port_53_unless_another_is_named(tmp_path: Path, written: str, host: str, port: int) -> None:
    path = tmp_path / "emailgw.toml"
    path.write_text(f'[dns]\nnameservers = ["{written}"]\n')
    [nameserver] = load(path).dns.nameservers
    assert (nameserver.host, nameserver.port) == (host, port)


def test_a_certificate_that_is_not_there_is_found_before_starting(tmp_path: Path) -> None:
    path = tmp_path / "emailgw.toml"
    path.write_text(f'data_dir = "{tmp_path}"\n[tls]\ncertificate = "{tmp_path}/c.pem"\nkey = "{tmp_path}/k.pem"\n')
    result = run(path, "check")
    assert (result.returncode, result.stdout) == (78, "")
    [line] = result.stderr.splitlines()
    assert f"{tmp_path}/c.pem" in line
    assert "No such file" in line


def test_a_good_file_is_checked_without_leaving_anything(tmp_path: Path) -> None:
    path = tmp_path / "emailgw.toml"
    path.write_text(f'data_dir = "{tmp_path}/data"\n[queue]\nretry = ["1s", "2 s"]\nlease = "1h"\n')
    result = run(path, "check")
    assert (result.returncode, result.stderr) == (0, "")
    assert not (tmp_path / "data").exists()


def test_an_empty_file_means_all_defaults(tmp_path: Path) -> None:
    path = tmp_path / "emailgw.toml"
    path.write_text("")
    assert load(path) == Config()


@pytest.mark.parametrize(
    ("text", "milliseconds", "shown"),
    [
        ("500ms", 500, "500ms"),
        ("90s", 90_000, "90s"),
        ("60s", 60_000, "1m"),
        ("36h", 129_600_000, "36h"),
        ("0s", 0, "0ms"),
    ],
)
def test_durations(text: str, milliseconds: int, shown: str) -> None:
    assert Duration.parse(text) == milliseconds
    assert str(Duration.parse(text)) == shown
    assert Duration.parse(shown) == milliseconds


@pytest.mark.parametrize(("text", "octets"), [("0B", 0), ("512KB", 524_288), ("40MB", 40 << 20), ("1GB", 1 << 30)])
def test_sizes(text: str, octets: int) -> None:
    assert Size.parse(text) == octets
    assert Size.parse(str(Size.parse(text))) == octets


@pytest.mark.parametrize(
    ("text", "host", "port"), [("127.0.0.1:80", "127.0.0.1", 80), ("[::1]:25", "::1", 25), (":0", "", 0)]
)
def test_endpoints(text: str, host: str, port: int) -> None:
    endpoint = Endpoint.parse(text)
    assert (endpoint.host, endpoint.port) == (host, port)
