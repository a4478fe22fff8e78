#!/bin/sh
# Installs the real servers that the tests talk to, where that can be done; a test whose
# server is missing says "not run: <why>".
set -u
packages="request-tracker5 rt5-db-sqlite rt5-standalone w3m prometheus-node-exporter victoria-metrics
  prometheus mosquitto snmpd snmpsim netdata-core openipmi ipmitool smartmontools collectd-core libyajl2 libcurl3-gnutls postgresql-15 zabbix-server-pgsql
  zabbix-frontend-php php-cli php-pgsql php-mbstring php-bcmath php-xml chromium
  fonts-dejavu-core fonts-noto-cjk iproute2 util-linux"
missing=""
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" ||
    missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # one by one, so that a package that cannot be had costs only its own tests
    for package in $missing; do
      apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
        echo "could not install $package: its tests will say so" >&2
    done
  else
    echo "not installed (no root or no apt):$missing; their tests will say so" >&2
  fi
fi
mkdir -p .venv && touch .venv/.servers
