"""By which way OpenSSL is told to compute RSA, and that whichever way makes the same signatures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from emailgw.processor import VARIABLE, WITHOUT_ADX, choose, prefers_avx2

ZEN_3 = "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nflags\t\t: fpu avx bmi1 avx2 bmi2 adx\n"
SIGNS = """
import sys
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key
key = load_der_private_key(sys.stdin.buffer.read(), None)
print(key.sign(b"what is signed", PKCS1v15(), SHA256()).hex())
"""


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        pytest.param(ZEN_3, True, id="Zen 3"),
        pytest.param(ZEN_3.replace("adx", "adx avx512f avx512ifma"), False, id="Zen 4, with IFMA"),
        pytest.param(ZEN_3.replace("family\t: 25", "family\t: 26"), True, id="Zen 5 whose IFMA the host hides"),
        pytest.param(ZEN_3.replace("family\t: 25", "family\t: 23"), False, id="Zen 2"),
        pytest.param(ZEN_3.replace("AuthenticAMD", "GenuineIntel").replace(": 25", ": 6"), False, id="Intel"),
        pytest.param(ZEN_3.replace(" adx", ""), False, id="no ADX: AVX2 is taken anyhow"),
        pytest.param(ZEN_3.replace(" avx2", ""), False, id="no AVX2"),
        pytest.param("processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\n", False, id="ARM"),
        pytest.param("processor\t: 0\ncpu family\t: ?\n\n" + ZEN_3, False, id="the first processor counts"),
        pytest.param("", False, id="empty"),
    ],
)
def test_which_processors_prefer_avx2(cpuinfo: str, expected: bool) -> None:
    assert prefers_avx2(cpuinfo) is expected


def test_openssl_is_told_in_the_environment(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(ZEN_3)
    environment: dict[str, str] = {}
    choose(environment, cpuinfo)
    assert environment == {VARIABLE: WITHOUT_ADX}


def test_what_the_operator_says_stands(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(ZEN_3)
    environment = {VARIABLE: ""}
    choose(environment, cpuinfo)
    assert environment == {VARIABLE: ""}


def test_without_cpuinfo_nothing_is_said(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    choose(environment, tmp_path / "none")
    assert not environment


def test_it_is_said_before_openssl_is_loaded() -> None:
    """OpenSSL reads the variable when it is loaded, and never again."""
    code = "import sys, emailgw.start; print(*{'cryptography', 'ssl', '_ssl', '_hashlib'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not loaded.strip()


def test_both_ways_sign_alike() -> None:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signatures = {
        subprocess.run(
            [sys.executable, "-c", SIGNS],
            input=der,
            capture_output=True,
            check=True,
            env={**os.environ, VARIABLE: said},
        ).stdout
        for said in ("", WITHOUT_ADX)
    }
    assert len(signatures) == 1
    assert len(signatures.pop().strip()) == 512  # hexadecimal digits of 2048 bits
