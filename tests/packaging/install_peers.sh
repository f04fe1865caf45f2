#!/bin/sh
# Install the Debian programs that the tests talk to, when we are root on a Debian; otherwise say what is missing.
# Their services are not wanted: policy-rc.d keeps the packages from starting them.
set -eu
cd "$(dirname "$0")/../.."
peers=.work/peers
# The npm packages that the tests call, as they are locked.
npm_packages() {
    if command -v npm >/dev/null && ! cmp -s tests/node/package-lock.json "$peers/node/package-lock.json"; then
        mkdir -p "$peers/node"
        cp tests/node/package.json tests/node/package-lock.json "$peers/node/"
        npm ci --prefix "$peers/node" --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null ||
            rm -rf "$peers/node"
    fi
}
missing=""
command -v npm >/dev/null || missing="$missing npm"
for pair in postfix:/usr/sbin/postfix nsd:/usr/sbin/nsd debootstrap:/usr/sbin/debootstrap iproute2:/sbin/ip \
    systemd-container:/usr/bin/systemd-nspawn systemd:/usr/bin/systemd-analyze curl:/usr/bin/curl chromium:/usr/bin/chromium \
    swaks:/usr/bin/swaks msmtp:/usr/bin/msmtp s-nail:/usr/bin/s-nail php-cli:/usr/bin/php git-email:/usr/lib/git-core/git-send-email \
    openssl:/usr/bin/openssl gpg:/usr/bin/gpg gpg-agent:/usr/bin/gpg-agent \
    testssl.sh:/usr/bin/testssl libmailtools-perl:/usr/share/perl5/Mail/Address.pm libio-socket-ssl-perl:/usr/share/perl5/IO/Socket/SSL.pm \
    "faketime:$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null || echo none)"; do
    test -e "${pair#*:}" || missing="$missing ${pair%%:*}"
done
exim=""
test -x "$peers/exim/usr/sbin/exim4" || test -x /usr/sbin/exim4 || exim=exim4-daemon-light
if [ -z "$missing$exim" ]; then
    npm_packages
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    npm_packages
    echo "for all tests, install:$missing${exim:+ $exim} (tests that need them are skipped)" >&2
    exit 0
fi
echo "installing$missing${exim:+ $exim}"
export DEBIAN_FRONTEND=noninteractive
keep=""
if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    keep=no
fi
apt-get update -qq
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    apt-get install -qq -y --no-install-recommends $missing >/dev/null
fi
if [ -n "$exim" ]; then
    # Debian's Exim and Postfix exclude each other, so Exim is only unpacked: no service, no configuration, no alternative
    # `sendmail`. The libraries it needs and the user it runs as are its package's own.
    libraries=$(apt-cache depends "$exim" | sed -n 's/^ *Depends: \(lib[^ ]*\)$/\1/p')
    # shellcheck disable=SC2086
    apt-get install -qq -y --no-install-recommends $libraries >/dev/null
    id Debian-exim >/dev/null 2>&1 ||
        useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin Debian-exim
    download=$(mktemp -d)
    (cd "$download" && apt-get download -qq -o APT::Sandbox::User=root "$exim")
    rm -rf "$peers/exim"
    mkdir -p "$peers/exim"
    dpkg-deb -x "$download"/*.deb "$peers/exim"
    chmod u-s "$peers/exim/usr/sbin/exim4"
    rm -rf "$download"
fi
test -z "$keep" || rm -f /usr/sbin/policy-rc.d
npm_packages
