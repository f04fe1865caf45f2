#!/bin/sh
# build_binary.sh PYTHON: dist/emailgw, one executable file that needs no Python where it runs; `make binary` calls this.
#
# It is built in an environment of its own that holds what pyproject.toml declares and no test tool: a dependency that
# is not declared, or a data file that the wheel lacks, is missing from the program as well, and its tests fail.
# The program needs a C library at least as new as this machine's: build it on the oldest system it shall run on.
set -eu
cd "$(dirname "$0")/../.."
python=$1
environment=.work/binary
mkdir -p .work
exec 9>.work/binary.lock
flock 9

if ! cmp -s pyproject.toml $environment/pyproject.toml; then
    rm -rf $environment
    "$python" -m venv $environment
    $environment/bin/pip install --quiet --disable-pip-version-check --use-pep517 '.[binary]' 'hatchling>=1.24'
    cp pyproject.toml $environment/
fi
# pip would take what a former version left there.
rm -rf build/lib
$environment/bin/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --force-reinstall .

# PyInstaller takes Python as a shared library, which Debian packages separately, and binutils' objdump and strip.
missing=""
command -v objdump >/dev/null && command -v strip >/dev/null || missing="binutils"
find_library='from PyInstaller.depend.bindepend import get_python_library_path as find; assert find()'
if ! $environment/bin/python -c "$find_library" 2>/dev/null; then
    version=$($environment/bin/python -c 'import sys; print("{}.{}".format(*sys.version_info))')
    # Debian's library fits Debian's Python only.
    case $($environment/bin/python -c 'import sys; print(sys.base_prefix)') in
        /usr) missing="$missing libpython$version" ;;
        *) echo "make binary: this Python $version has no shared library; build it with --enable-shared," \
               "or choose another: make clean binary PYTHON=/usr/bin/python3" >&2; exit 1 ;;
    esac
fi
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "make binary needs more; run: sudo apt-get install $missing" >&2
        exit 1
    fi
    echo "installing $missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -qq -y --no-install-recommends $missing >/dev/null
fi

# Built beside its place and renamed: who starts dist/emailgw meanwhile gets the old one or the new one, whole. The cache is
# not the user's: `--clean` empties it, and another checkout may be building.
PYINSTALLER_CONFIG_DIR="$PWD/$environment/cache" $environment/bin/pyinstaller --log-level WARN --noconfirm --clean \
    --distpath $environment/dist --workpath $environment/build tests/packaging/emailgw.spec
mkdir -p dist
mv -f $environment/dist/emailgw dist/emailgw
ls -l dist/emailgw
