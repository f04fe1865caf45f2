"""By which of its two ways OpenSSL computes RSA on this processor. Asked before OpenSSL is loaded: it looks only once.

For 2048 bits it multiplies with ADX where there is ADX, and with AVX2 where there is not. That is how it should be on
Intel's processors. On AMD's Zen 3, which many servers for rent have, AVX2 is half as fast again, and RSA is what
delivering costs most (docs/performance.md). Where there is AVX-512 IFMA, OpenSSL takes that, whatever is said here.
"""

import os
from collections.abc import MutableMapping
from pathlib import Path

VARIABLE = "OPENSSL_ia32cap"  # man 3ssl OPENSSL_ia32cap
WITHOUT_ADX = ":~0x80000"  # of CPUID leaf 7, EBX: bit 19
ZEN_3 = 25  # the family; older ones were not measured
_ONE_CORE = 8_192  # octets of cpuinfo, which takes its time over hundreds of cores


def choose(environment: MutableMapping[str, str] = os.environ, cpuinfo: Path = Path("/proc/cpuinfo")) -> None:
    """Tell OpenSSL by its variable in the environment; what the operator has put there stands."""
    if VARIABLE in environment:
        return
    try:
        with cpuinfo.open(encoding="ascii", errors="replace") as file:
            text = file.read(_ONE_CORE)
    except OSError:  # another system
        return
    if prefers_avx2(text):
        environment[VARIABLE] = WITHOUT_ADX


def prefers_avx2(cpuinfo: str) -> bool:
    """Of the first processor in Linux's /proc/cpuinfo."""
    core = cpuinfo.partition("\n\n")[0]
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in core.splitlines())}
    family = fields.get("cpu family", "")
    flags = set(fields.get("flags", "").split())
    return (
        fields.get("vendor_id") == "AuthenticAMD"
        and family.isdecimal()
        and int(family) >= ZEN_3
        and {"adx", "avx2", "bmi2"} <= flags
        and "avx512ifma" not in flags
    )
