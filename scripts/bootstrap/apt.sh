#!/usr/bin/env bash
# Installs Debian packages, as root; none of them starts a server, now or at the next boot.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
fi
# Tests make clusters of their own; Debian's would only take the port.
mkdir -p /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/nutri.conf
apt-get update -qq
# Debian 13 has the client in a package of its own, which docker.io only recommends.
[[ " $* " != *" docker.io "* ]] || ! apt-cache show docker-cli >/dev/null 2>&1 || set -- "$@" docker-cli
apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >&2
for unit in redis-server docker-registry; do
  [[ " $* " != *" $unit "* ]] || ! type -P systemctl >/dev/null || systemctl --quiet disable "$unit"
done
