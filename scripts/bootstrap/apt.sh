#!/usr/bin/env bash
# Installs Debian packages, as root; none but Docker starts a server, now or at the next boot.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive policy=/usr/sbin/policy-rc.d
# One with our name in it was left by a run that was killed.
if [ ! -e "$policy" ] || grep -q nutri "$policy"; then
  trap 'rm -f "$policy"' EXIT
  install -m 755 "$(dirname -- "$0")/policy-rc.d" "$policy"
fi
# Tests make clusters of their own; Debian's would only take the port.
install -d /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/nutri.conf
apt-get update -qq
# Debian 13 has the client in a package of its own.
[[ " $* " != *" docker.io "* ]] || ! apt-cache show docker-cli >/dev/null 2>&1 || set -- "$@" docker-cli
apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >&2
[[ " $* " != *" docker.io "* || -z ${SUDO_USER-} ]] || usermod -aG docker "$SUDO_USER"
for unit in redis-server docker-registry pgbouncer; do
  [[ " $* " != *" $unit "* ]] || ! type -P systemctl >/dev/null || systemctl --quiet disable "$unit"
done
