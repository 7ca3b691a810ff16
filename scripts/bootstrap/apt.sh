#!/usr/bin/env bash
# Installs Debian packages, as root; none but Docker starts a server, now or at the next boot.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ] || grep -q nutri "$policy"; then # Ours was left by a run that was killed.
  trap 'rm -f "$policy"' EXIT
  install -m 755 "$(dirname -- "$0")/policy-rc.d" "$policy"
fi
# Tests make clusters of their own; Debian's would only take the port.
install -d /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/nutri.conf
apt=("$(dirname -- "$0")/outside.sh" apt-get -o DPkg::Lock::Timeout=300 -qq) # Waits for another apt.
"$(dirname -- "$0")/lists.sh"
# Debian 13 has the client in a package of its own.
[[ " $* " != *" docker.io "* ]] || ! apt-cache show docker-cli >/dev/null 2>&1 || set -- "$@" docker-cli
"${apt[@]}" install -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >&2
[[ " $* " != *" docker.io "* || -z ${SUDO_USER-} ]] || usermod -aG docker "$SUDO_USER"
for unit in caddy redis-server docker-registry pgbouncer; do
  [[ " $* " != *" $unit "* ]] || ! type -P systemctl >/dev/null || systemctl --quiet disable "$unit"
done
