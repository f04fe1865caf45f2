"""By which way OpenSSL is told to compute RSA, and that whichever way makes the same signatures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from emailgw.processor import MODALIAS, VARIABLE, WITHOUT_ADX, choose, prefers_avx2

ZEN_3 = "cpu:type:x86,ven0002fam0019mod0001:feature:,0000,0001,0123,0125,0127,0128,0133,0137\n"
SIGNS = """
import sys
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key
key = load_der_private_key(sys.stdin.buffer.read(), None)
print(key.sign(b"what is signed", PKCS1v15(), SHA256()).hex())
"""


@pytest.mark.parametrize(
    ("modalias", "expected"),
    [
        pytest.param(ZEN_3, True, id="Zen 3"),
        pytest.param(ZEN_3.replace(",0133", ",0133,0135"), False, id="Zen 4, with IFMA"),
        pytest.param(ZEN_3.replace("fam0019", "fam001A"), True, id="Zen 5 whose IFMA the host hides"),
        pytest.param(ZEN_3.replace("fam0019", "fam0017"), False, id="Zen 2"),
        pytest.param(ZEN_3.replace("ven0002fam0019", "ven0000fam0006"), False, id="Intel"),
        pytest.param(ZEN_3.replace("ven0002", "ven0009"), False, id="Hygon"),
        pytest.param(ZEN_3.replace(",0133", ""), False, id="no ADX: AVX2 is taken anyhow"),
        pytest.param(ZEN_3.replace(",0125", ""), False, id="no AVX2"),
        pytest.param("cpu:type:aarch64:feature:,0000,0001,0125,0128,0133\n", False, id="ARM"),
        pytest.param("", False, id="empty"),
    ],
)
def test_which_processors_prefer_avx2(modalias: str, expected: bool) -> None:
    assert prefers_avx2(modalias) is expected


def test_linux_and_its_description_for_people_say_the_same() -> None:
    """The numbers of features, against their names."""
    if not MODALIAS.exists() or "x86" not in (modalias := MODALIAS.read_text()):
        return  # another system, which is told nothing
    flags = Path("/proc/cpuinfo").read_text().partition("flags\t")[2].partition("\n")[0].split()
    for number, name in (("0125", "avx2"), ("0128", "bmi2"), ("0133", "adx"), ("0135", "avx512ifma")):
        assert (f",{number}" in modalias) is (name in flags), name


def test_openssl_is_told_in_the_environment(tmp_path: Path) -> None:
    modalias = tmp_path / "modalias"
    modalias.write_text(ZEN_3)
    environment: dict[str, str] = {}
    choose(environment, modalias)
    assert environment == {VARIABLE: WITHOUT_ADX}


def test_what_the_operator_says_stands(tmp_path: Path) -> None:
    modalias = tmp_path / "modalias"
    modalias.write_text(ZEN_3)
    environment = {VARIABLE: ""}
    choose(environment, modalias)
    assert environment == {VARIABLE: ""}


def test_without_a_description_nothing_is_said(tmp_path: Path) -> None:
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
