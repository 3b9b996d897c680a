#!/bin/sh
# Makes sure of the system packages that a real test needs: installs them where it may (root and apt), and otherwise
# says in one line what to install.
#
# usage: tests/system.sh FOLDER         where the python of the tests is
#        tests/system.sh FOLDER image   also what `make image` needs
#        tests/system.sh venv           only what Python needs to make a virtual environment
set -eu

missing=""
if [ "$1" = venv ]; then
    missing="python3-venv"
else
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        command -v google-chrome >/dev/null || missing="$missing chromium"
    command -v firefox >/dev/null || command -v firefox-esr >/dev/null || missing="$missing firefox-esr"
    command -v pg_ctl >/dev/null || ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 ||
        missing="$missing postgresql"
    command -v gcc >/dev/null || missing="$missing gcc libc6-dev"
    [ -f "$("$1"/python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] ||
        missing="$missing python3-dev"
    # Where the Debian packages put them, which is not in everybody's PATH.
    for program in nginx haproxy caddy; do
        command -v $program >/dev/null || [ -x /usr/sbin/$program ] || missing="$missing $program"
    done
    command -v systemd-analyze >/dev/null || missing="$missing systemd"
    command -v msgfmt >/dev/null || missing="$missing gettext"
    for program in curl openssl; do command -v $program >/dev/null || missing="$missing $program"; done
    if [ "${2:-}" = image ]; then
        command -v buildah >/dev/null || missing="$missing buildah"
        [ -x /usr/sbin/debootstrap ] || missing="$missing debootstrap"
    fi
fi

# Chromium without its windows, which Debian has. The tests run without it, too, and take longer.
if [ "$1" != venv ] && ! command -v chromium-headless-shell >/dev/null && [ "$(id -u)" = 0 ] &&
    grep -qs '^ID=debian' /etc/os-release; then
    { { apt-cache show chromium-headless-shell >/dev/null 2>&1 || apt-get update -qq; } &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium-headless-shell >/dev/null; } ||
        echo "Without chromium-headless-shell, the tests take longer."
fi

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of packages
    apt-get install -qq --no-install-recommends $missing >/dev/null
else
    echo "Please install:$missing (on Debian: sudo apt-get install$missing)" >&2
    exit 1
fi
