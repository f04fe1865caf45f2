"""By which of its two ways OpenSSL computes RSA on this processor. Asked before OpenSSL is loaded: it looks only once.

For 2048 bits it multiplies with ADX where there is ADX, and with AVX2 where there is not. That is how it should be on
Intel's processors. On AMD's Zen 3, which many servers for rent have, AVX2 is half as fast again, and RSA is what
delivering costs most (docs/performance.md). Where there is AVX-512 IFMA, OpenSSL takes that, whatever is said here.
"""

import os
import re
from collections.abc import MutableMapping
from pathlib import Path

VARIABLE = "OPENSSL_ia32cap"  # man 3ssl OPENSSL_ia32cap
WITHOUT_ADX = ":~0x80000"  # of CPUID leaf 7, EBX: bit 19
MODALIAS = Path("/sys/devices/system/cpu/modalias")  # /proc/cpuinfo is out of sight in a hardened service (ProcSubset=)
ZEN_3 = 0x19  # the family; older ones were not measured

_AMD = re.compile(r"cpu:type:x86,ven0002fam([0-9A-F]{4})mod[0-9A-F]{4}:feature:(.*)")
# Linux numbers what CPUID leaf 7 has in EBX from 0x120 on.
_WANTED = frozenset({"0125", "0128", "0133"})  # AVX2, BMI2, ADX
_IFMA = "0135"


def choose(environment: MutableMapping[str, str] = os.environ, modalias: Path = MODALIAS) -> None:
    """Tell OpenSSL by its variable in the environment; what the operator has put there stands."""
    if VARIABLE in environment:
        return
    try:
        text = modalias.read_text(encoding="ascii", errors="replace")
    except OSError:  # another system
        return
    if prefers_avx2(text):
        environment[VARIABLE] = WITHOUT_ADX


def prefers_avx2(modalias: str) -> bool:
    """Of the processor as Linux describes it for loading modules."""
    found = _AMD.match(modalias)
    features = set(found[2].split(",")) if found else set()
    return found is not None and int(found[1], 16) >= ZEN_3 and features >= _WANTED and _IFMA not in features
