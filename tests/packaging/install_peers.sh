#!/bin/sh
# Install the Debian programs that the tests talk to, when we are root on a Debian; otherwise say what is missing.
# Their services are not wanted: policy-rc.d keeps the packages from starting them.
set -eu
missing=""
for pair in postfix:/usr/sbin/postfix debootstrap:/usr/sbin/debootstrap iproute2:/sbin/ip \
    systemd-container:/usr/bin/systemd-nspawn systemd:/usr/bin/systemd-analyze curl:/usr/bin/curl; do
    test -x "${pair#*:}" || missing="$missing ${pair%%:*}"
done
test -n "$missing" || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "for all tests, install:$missing (tests that need them are skipped)" >&2
    exit 0
fi
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
keep=""
if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    keep=no
fi
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -qq -y --no-install-recommends $missing >/dev/null
test -z "$keep" || rm -f /usr/sbin/policy-rc.d
