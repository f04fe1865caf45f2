"""Debian's NSD with the zone `test.`: it answers in a fiftieth of what the DNS server of the tests takes, which is in
Python and would be part of every figure of mail to many domains.
"""

import subprocess
from pathlib import Path
from typing import Self

import dns.exception
import dns.query
from dns.message import make_query

from tests.harness.need import need
from tests.harness.ports import free_port
from tests.harness.waiting import eventually

TTL = 3600
_SOA = f"test. {TTL} IN SOA ns.test. hostmaster.test. 1 3600 600 86400 {TTL}"
_CONFIGURATION = """
server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  minimal-responses: yes
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{directory}"
  pidfile: "{directory}/pid"
  xfrdfile: "{directory}/xfrd"
  zonelistfile: "{directory}/zones"
remote-control:
  control-enable: no
zone:
  name: test.
  zonefile: zone
"""


class NameServer:
    """Records are added first. Then, as a context, it serves them."""

    def __init__(self, directory: Path) -> None:
        self._program = need("nsd")
        self._directory = directory
        self._port = free_port()
        self._records = [_SOA, f"test. {TTL} IN NS ns.test.", f"ns.test. {TTL} IN A 127.0.0.1"]

    @property
    def nameserver(self) -> str:
        return f"127.0.0.1:{self._port}"

    def add(self, name: str, rdtype: str, *values: str) -> None:
        """In presentation format: host names with their final dot."""
        self._records += [f"{name}. {TTL} IN {rdtype} {value}" for value in values]

    def mx(self, name: str, *hosts: tuple[int, str]) -> None:
        self.add(name, "MX", *(f"{preference} {host}." for preference, host in hosts))

    def __enter__(self) -> Self:
        self._directory.mkdir()
        (self._directory / "zone").write_text("\n".join([*self._records, ""]))
        configuration = self._directory / "nsd.conf"
        configuration.write_text(_CONFIGURATION.format(port=self._port, directory=self._directory))
        with (self._directory / "log").open("wb") as log:
            self._process = subprocess.Popen([self._program, "-d", "-c", str(configuration)], stdout=log, stderr=log)
        eventually(self._answers, "NSD answers")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            dns.query.udp(make_query("ns.test.", "A"), "127.0.0.1", port=self._port, timeout=0.2)
        except (dns.exception.DNSException, OSError):
            return False
        return True
