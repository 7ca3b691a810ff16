#!/bin/sh
# Makes a fresh Ubuntu 22.04, Ubuntu 24.04 or Debian 12 ready for Coolify, and keeps it so.
#
#   setup-server.sh check          what is not as wanted; changes nothing
#   setup-server.sh apply [STEP…]  mends exactly that; a second run changes nothing
#   setup-server.sh confirm        keeps the changes to SSH and firewall; run it in a NEW connection
#   setup-server.sh revert         takes them back now
#
# Changes to SSH and firewall go back by themselves after GUARD_SECONDS, and at a reboot, until they
# are confirmed: whoever locked himself out waits three minutes.
# Output: one line a finding, `STEP <tab> ok|differs|changed|unknown|note <tab> WHAT`.
# Exit codes: 0 as wanted, 3 something differs, 1 failed or could not look, 2 wrong call.
# Settings are variables of the environment; there are no secrets among them:
set -eu
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
DEBIAN_FRONTEND=noninteractive
export LC_ALL PATH DEBIAN_FRONTEND
umask 022

STATE=/var/lib/nutri-server
SETTINGS=/etc/nutri-server.conf
# What the last `apply` was told holds until the next one is told otherwise.
# shellcheck source=/dev/null
[ ! -r $SETTINGS ] || . $SETTINGS
: "${ADMIN_USER:=deploy}"           # the person's account; root logs in from Coolify only
: "${ADMIN_KEYS:=}"                 # public SSH keys, one a line
: "${SWAP_MB:=4096}"                # 0: no swap
: "${REBOOT_AT:=03:30}"             # when an update may reboot, local time; empty: never
: "${TIMEZONE:=Etc/UTC}"
: "${OPEN_PORTS:=80/tcp 443/tcp 443/udp}" # of containers, to the world
: "${DOCKER_POOL:=10.0.0.0/8}"      # where Docker takes the networks from, as Coolify sets it
: "${KEEP_IMAGES:=10}"              # a repository; a rollback needs the last ones
: "${GUARD_SECONDS:=180}"           # 0: nothing goes back; for the first boot, which nobody watches
: "${OPTIONAL:=}"                   # of: auditd aide

HERE=/usr/local/sbin/nutri-setup-server
STEPS="system settings packages admin guard ssh firewall fail2ban updates swap kernel journal time docker prune optional"

# ---------------------------------------------------------------- what a step is made of

step=start verb=check differs=0 any=0 guarded=0
say() { printf '%s\t%s\t%s\n' "$step" "$1" "$2"; }
fail() { say unknown "$1" >&2; exit 1; }

# ensure WHAT TEST FIX: TEST answers 0 yes, 1 no; anything else means that it could not look.
ensure() {
  rc=0; (eval "$2") >/dev/null 2>&1 </dev/null || rc=$?
  [ "$rc" -ne 0 ] || return 0
  [ "$rc" -eq 1 ] || fail "could not look at: $1 (exit code $rc)"
  differs=1
  [ "$verb" = apply ] || { say differs "$1"; return 0; }
  case $step in ssh | firewall) guard ;; esac
  rc=0; (eval "$3") >"$STATE/log" 2>&1 </dev/null || rc=$?
  [ "$rc" -eq 0 ] || { tail -n 20 "$STATE/log" >&2; fail "failed: $1 (exit code $rc)"; }
  rc=0; (eval "$2") >/dev/null 2>&1 </dev/null || rc=$?
  [ "$rc" -eq 0 ] || fail "still not as wanted: $1"
  say changed "$1"
}

# put PATH MODE TEXT: PATH holds TEXT and is root's.
put() {
  [ ! -L "$1" ] || fail "$1 is a link; nothing is written through it"
  if [ -f "$1" ] && [ "$(cat "$1"; printf x)" = "$3x" ] &&
    [ "$(stat -c '%a %U %G' "$1")" = "$2 root root" ]; then return 0; fi
  differs=1
  [ "$verb" = apply ] || { say differs "$1"; return 0; }
  case $step in ssh | firewall) guard ;; esac
  mkdir -p "$(dirname "$1")"
  printf '%s' "$3" >"$1.nutri-new"; chmod "$2" "$1.nutri-new"; chown root:root "$1.nutri-new"
  sync "$1.nutri-new"; mv -f "$1.nutri-new" "$1"; sync "$(dirname "$1")"
  say changed "$1"
}

# file PATH MODE: the same with what stands on the standard input.
file() { text=$(cat; printf x); put "$1" "$2" "${text%x}"; }

# block PATH MODE: what stands on the standard input is the last part of PATH, between our two
# marks; what others wrote there stays.
block() {
  text=$(cat)
  rest=$(if [ -f "$1" ]; then sed '/^# BEGIN nutri$/,/^# END nutri$/d' "$1"; fi; printf x)
  put "$1" "$2" "${rest%x}# BEGIN nutri
$text
# END nutri
"
}

installed() {
  states=$(dpkg-query -W -f='${db:Status-Status}\n' "$@" 2>/dev/null) || return 1
  ! printf '%s\n' "$states" | grep -qvx installed
}
install_packages() { apt-get -o DPkg::Lock::Timeout=300 update && apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install -y --no-install-recommends "$@"; }
active() { systemctl is-active --quiet "$1" && systemctl is-enabled --quiet "$1" || return 1; }
in_container() { systemd-detect-virt --quiet --container; }

# ---------------------------------------------------------------- the lock-out guard

# What SSH and the firewall are made of. It is saved before the first change to either.
GUARDED="etc/ssh/sshd_config.d/00-nutri.conf etc/ufw etc/default/ufw etc/systemd/system/docker.service.d/nutri-firewall.conf"

guard() {
  [ "$guarded" = 0 ] && [ "$GUARD_SECONDS" -gt 0 ] || return 0
  guarded=1
  [ ! -e "$STATE/pending" ] || return 0
  rm -rf "$STATE/saved.new"; mkdir "$STATE/saved.new"
  for path in $GUARDED; do
    [ ! -e "/$path" ] || { mkdir -p "$STATE/saved.new/$(dirname "$path")"; cp -a "/$path" "$STATE/saved.new/$path"; }
  done
  rm -rf "$STATE/saved"; mv "$STATE/saved.new" "$STATE/saved"; sync
  : >"$STATE/pending"; sync "$STATE/pending" "$STATE"
  systemctl stop nutri-guard.timer 2>/dev/null || true
  systemd-run --quiet --collect --unit=nutri-guard --on-active="$GUARD_SECONDS" --timer-property=AccuracySec=1s "$HERE" revert ||
    { rm -f "$STATE/pending"; fail "no timer would take the change back; nothing was changed"; }
}

restore() {
  for path in $GUARDED; do
    rm -rf "/${path:?}"
    [ ! -e "$STATE/saved/$path" ] || { mkdir -p "/$(dirname "$path")"; cp -a "$STATE/saved/$path" "/$path"; }
  done
  sync
}

revert() {
  step=guard
  [ -e "$STATE/pending" ] || { say ok "nothing waits to be confirmed"; return 0; }
  restore
  if [ "${1:-}" != boot ]; then
    systemctl daemon-reload; reload_ssh
    for tables in iptables ip6tables; do
      ! $tables -S DOCKER-USER >/dev/null 2>&1 || { $tables -F DOCKER-USER; $tables -A DOCKER-USER -j RETURN; }
    done
    if grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf; then ufw reload; else ufw --force disable; fi >/dev/null
  fi
  rm -f "$STATE/pending"; sync "$STATE"
  say changed "SSH and firewall are as before"
}

confirm() {
  step=guard
  [ -e "$STATE/pending" ] || { say ok "nothing waits to be confirmed"; return 0; }
  rm -f "$STATE/pending"; sync "$STATE"
  systemctl stop nutri-guard.timer 2>/dev/null || true
  say changed "SSH and firewall stay"
}

# ---------------------------------------------------------------- the steps

step_system() {
  # shellcheck source=/dev/null
  . /etc/os-release
  case "$ID $VERSION_ID" in
  "ubuntu 22.04" | "ubuntu 24.04" | "debian 12" | "debian 13") ;;
  *) fail "$PRETTY_NAME is not supported: Ubuntu 22.04, Ubuntu 24.04, Debian 12, Debian 13" ;;
  esac
  [ ! -e /var/run/reboot-required ] || say note "a reboot is needed since $(stat -c %y /var/run/reboot-required | cut -c1-16)"
}

step_settings() {
  text='# Kept by setup-server.sh: what it was told. A variable of the environment wins.
'
  for name in ADMIN_USER ADMIN_KEYS SWAP_MB REBOOT_AT TIMEZONE OPEN_PORTS DOCKER_POOL KEEP_IMAGES OPTIONAL; do
    value=; eval "value=\$$name"
    case $value in *\'*) fail "$name holds a quotation mark" ;; esac
    text="${text}[ -n \"\${$name+set}\" ] || $name='$value'
"
  done
  put $SETTINGS 644 "$text"
}

step_packages() {
  packages="ca-certificates curl fail2ban openssh-server python3 python3-systemd sudo ufw unattended-upgrades"
  ensure "packages: $packages" "installed $packages" "install_packages $packages"
}

has_key() { grep -qxF -- "$key" "$home/.ssh/authorized_keys" || return 1; }
add_key() {
  printf '%s\n' "$key" >>"$home/.ssh/authorized_keys"
  chmod 600 "$home/.ssh/authorized_keys"; chown "$ADMIN_USER:" "$home/.ssh/authorized_keys"
}

step_admin() {
  home=/home/$ADMIN_USER
  case $ADMIN_USER in root | *[!a-z0-9_-]* | [!a-z]* | '') fail "ADMIN_USER '$ADMIN_USER' is no name for a person's account" ;; esac
  ensure "user $ADMIN_USER" "getent passwd $ADMIN_USER || exit 1" \
    "useradd --create-home --shell /bin/bash $ADMIN_USER && passwd --lock $ADMIN_USER"
  ensure "$ADMIN_USER may use sudo" "id -nG $ADMIN_USER | tr ' ' '\n' | grep -qx sudo" "usermod -aG sudo $ADMIN_USER"
  put /etc/sudoers.d/90-nutri-admin 440 "$ADMIN_USER ALL=(ALL:ALL) NOPASSWD: ALL
"
  [ -n "$ADMIN_KEYS" ] || { [ -s "$home/.ssh/authorized_keys" ] || fail "ADMIN_KEYS names no key, and $ADMIN_USER has none: nobody could log in"; return 0; }
  printf '%s\n' "$ADMIN_KEYS" | ssh-keygen -l -f - >/dev/null 2>&1 || fail "ADMIN_KEYS holds something that is no public key"
  ensure "$home/.ssh" "[ \"\$(stat -c '%a %U' $home/.ssh 2>/dev/null)\" = '700 $ADMIN_USER' ]" \
    "mkdir -p $home/.ssh && chmod 700 $home/.ssh && chown $ADMIN_USER: $home/.ssh"
  # Keys that people added themselves stay: each of ours is looked for, none is removed here.
  while IFS= read -r key; do
    [ -n "$key" ] || continue
    ensure "key $(printf '%s\n' "$key" | ssh-keygen -l -f - | cut -d' ' -f2) of $ADMIN_USER" \
      has_key "add_key"
  done <<EOF
$ADMIN_KEYS
EOF
}

# This script, and a unit that takes back at boot what nobody confirmed.
step_guard() {
  file $HERE 755 <"$0"
  file /etc/systemd/system/nutri-guard-boot.service 644 <<EOF
[Unit]
Description=Take back changes to SSH and firewall that nobody confirmed
DefaultDependencies=no
After=local-fs.target
Before=ssh.service ssh.socket sshd.service ufw.service network-pre.target
Wants=network-pre.target
ConditionPathExists=$STATE/pending

[Service]
Type=oneshot
ExecStart=$HERE revert boot

[Install]
WantedBy=sysinit.target
EOF
  ensure "the guard runs at boot" "systemctl is-enabled --quiet nutri-guard-boot.service || exit 1" \
    "systemctl daemon-reload && systemctl enable nutri-guard-boot.service"
}

# What the daemon really does, for somebody from ADDRESS. The first value of a keyword wins, so our
# file sorts first, and a cloud image's own drop-in cannot win over it.
effective() { sshd -T -C "user=$1,host=elsewhere,addr=$2,laddr=0.0.0.0,lport=22"; }
outside_is_shut() {
  real=$(effective root 203.0.113.9) && person=$(effective "$ADMIN_USER" 203.0.113.9) || exit 2
  printf '%s\n' "$real" | grep -qx 'permitrootlogin no' || exit 1
  for line in 'passwordauthentication no' 'kbdinteractiveauthentication no' 'pubkeyauthentication yes' 'permitemptypasswords no' 'x11forwarding no'; do
    printf '%s\n' "$person" | grep -qx "$line" || exit 1
  done
}
coolify_gets_in() { real=$(effective root 10.0.1.5) || exit 2; printf '%s\n' "$real" | grep -qx 'permitrootlogin without-password' || exit 1; }
# With ssh.socket (Ubuntu 22.10 and later) the daemon is started for each connection, and reads anew.
reload_ssh() { if systemctl is-active --quiet ssh.service; then systemctl reload ssh.service; else systemctl try-restart ssh.socket; fi; }

step_ssh() {
  file /etc/ssh/sshd_config.d/00-nutri.conf 644 <<'EOF'
# Kept by setup-server.sh. The first value of a keyword wins, and this file is read first.
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
PermitEmptyPasswords no
PermitRootLogin no
MaxAuthTries 3
MaxSessions 10
MaxStartups 10:30:60
LoginGraceTime 30
ClientAliveInterval 300
ClientAliveCountMax 3
X11Forwarding no
AllowAgentForwarding no
# A tunnel is how a person reaches what listens on 127.0.0.1 only.
AllowTcpForwarding local
LogLevel VERBOSE
# Coolify manages its own host as root, by key, from its container.
Match Address 10.0.0.0/8,172.16.0.0/12,127.0.0.1,::1
    PermitRootLogin prohibit-password
Match all
EOF
  if [ "$verb" = apply ] && [ "$differs" = 1 ]; then sshd -t || { restore; fail "sshd refuses the new configuration; the old one is back"; }; reload_ssh; fi
  # What another file decides otherwise is for a person to clear away.
  ensure "SSH from outside: keys only, no root" outside_is_shut "exit 1"
  ensure "SSH from Coolify's container: root by key" coolify_gets_in "exit 1"
}

rule() { ensure "ufw: $*" "ufw show added | grep -qxF -- 'ufw $*'" "ufw $*"; }

step_firewall() {
  for six in '' 6; do
    # Docker's published ports never meet ufw's INPUT rules: they are forwarded. These rules put
    # ufw's forward rules before Docker's own; what they do not allow ends here.
    block /etc/ufw/after$six.rules 640 <<EOF
*filter
:DOCKER-USER - [0:0]
:ufw$six-user-forward - [0:0]
-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A DOCKER-USER -i docker0 -j RETURN
-A DOCKER-USER -i br-+ -j RETURN
-A DOCKER-USER -j ufw$six-user-forward
-A DOCKER-USER -o docker0 -j DROP
-A DOCKER-USER -o br-+ -j DROP
-A DOCKER-USER -j RETURN
COMMIT
EOF
  done
  # A restart of Docker may put its own rules first again.
  file /etc/systemd/system/docker.service.d/nutri-firewall.conf 644 <<'EOF'
[Service]
ExecStartPost=-/usr/sbin/ufw reload
EOF
  ensure "ufw: IPv6" "grep -qx 'IPV6=yes' /etc/default/ufw" "sed -i 's/^IPV6=.*/IPV6=yes/' /etc/default/ufw"
  ensure "ufw: what comes in is refused" "grep -qx 'DEFAULT_INPUT_POLICY=\"DROP\"' /etc/default/ufw" "ufw default deny incoming"
  ensure "ufw: what is forwarded is refused" "grep -qx 'DEFAULT_FORWARD_POLICY=\"DROP\"' /etc/default/ufw" "ufw default deny routed"
  rule "allow 22/tcp"
  # `route` is for what Docker forwards; without it, where Docker itself takes a connection for a
  # container (over IPv6, unless a network has it), the connection meets the rules of the host.
  for open in $OPEN_PORTS; do rule "route allow $open"; rule "allow $open"; done
  ours=$(for open in 22/tcp $OPEN_PORTS; do echo "ufw allow $open"; echo "ufw route allow $open"; done)
  ufw show added | grep '^ufw ' | while IFS= read -r found; do
    printf '%s\n' "$ours" | grep -qxF -- "$found" || say note "a rule of others: $found"
  done
  ensure "ufw runs" "ufw status | grep -qx 'Status: active'" "ufw --force enable"
  if [ "$verb" = apply ] && [ "$differs" = 1 ]; then systemctl daemon-reload; ufw reload >/dev/null; fi
  ensure "Docker's chain is led through ufw" "iptables -S DOCKER-USER 2>/dev/null | grep -q 'ufw-user-forward' || exit 1" "ufw reload"
}

step_fail2ban() {
  # The journal, because these systems have no auth.log. Coolify's own connections are never banned.
  # Not `aggressive`: it counts every connection that says nothing, so a monitor, or a look from
  # outside at which ports are open, would be banned with whoever else has its address.
  file /etc/fail2ban/jail.d/00-nutri.local 644 <<'EOF'
[DEFAULT]
backend = systemd
ignoreip = 127.0.0.1/8 ::1 10.0.0.0/8 172.16.0.0/12
bantime = 10m
bantime.increment = true
bantime.maxtime = 1w
findtime = 10m
maxretry = 5

[sshd]
enabled = true
mode = extra
EOF
  ensure "fail2ban runs" "active fail2ban" "systemctl enable --now fail2ban"
  if [ "$verb" = apply ] && [ "$differs" = 1 ]; then systemctl restart fail2ban; fi
  ensure "fail2ban watches SSH" "for try in 1 2 3 4 5 6 7 8 9 10; do fail2ban-client status sshd && exit 0; [ $verb = apply ] || exit 1; sleep 1; done; exit 1" "systemctl restart fail2ban"
}

step_updates() {
  file /etc/apt/apt.conf.d/20auto-upgrades 644 <<'EOF'
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
EOF
  reboot=false; [ -z "$REBOOT_AT" ] || reboot=true
  file /etc/apt/apt.conf.d/52-nutri-unattended-upgrades 644 <<EOF
// Security updates come by themselves; Docker, from its own source, does not.
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
Unattended-Upgrade::Automatic-Reboot "$reboot";
Unattended-Upgrade::Automatic-Reboot-Time "${REBOOT_AT:-03:30}";
EOF
  ensure "updates are looked for daily" "active apt-daily-upgrade.timer" "systemctl enable --now apt-daily.timer apt-daily-upgrade.timer"
}

step_swap() {
  [ "$SWAP_MB" -gt 0 ] || return 0
  if in_container; then say note "a container has no swap of its own"; return 0; fi
  ensure "swap of $SWAP_MB MB" "[ \$(awk '\$1 == \"/swapfile\" { print int(\$3 / 1024) + 1 }' /proc/swaps) -ge $SWAP_MB ] 2>/dev/null || exit 1" \
    "{ swapoff /swapfile 2>/dev/null || true; } && rm -f /swapfile && fallocate -l ${SWAP_MB}M /swapfile && chmod 600 /swapfile && mkswap /swapfile && swapon /swapfile"
  ensure "swap after a reboot" "grep -q '^/swapfile ' /etc/fstab" "printf '/swapfile none swap sw 0 0\n' >>/etc/fstab"
}

step_kernel() {
  # Not net.ipv4.ip_forward: a host of Docker forwards.
  file /etc/sysctl.d/90-nutri.conf 644 <<'EOF'
vm.swappiness = 10
net.ipv4.tcp_syncookies = 1
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.default.accept_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.all.accept_source_route = 0
net.ipv6.conf.all.accept_redirects = 0
net.ipv6.conf.default.accept_redirects = 0
kernel.kptr_restrict = 2
kernel.dmesg_restrict = 1
fs.suid_dumpable = 0
EOF
  file /etc/security/limits.d/90-nutri.conf 644 <<'EOF'
* hard core 0
EOF
  if [ "$verb" = apply ] && [ "$differs" = 1 ]; then sysctl --quiet --load=/etc/sysctl.d/90-nutri.conf 2>/dev/null || in_container || fail "the kernel takes no settings"; fi
}

step_journal() {
  file /etc/systemd/journald.conf.d/90-nutri.conf 644 <<'EOF'
[Journal]
Storage=persistent
SystemMaxUse=500M
MaxRetentionSec=1month
EOF
  if [ "$verb" = apply ] && [ "$differs" = 1 ]; then systemctl restart systemd-journald; fi
}

step_time() {
  ensure "time zone $TIMEZONE" "[ \"\$(readlink -f /etc/localtime)\" = /usr/share/zoneinfo/$TIMEZONE ]" "ln -sf /usr/share/zoneinfo/$TIMEZONE /etc/localtime"
  if in_container; then say note "a container has its host's clock"; return 0; fi
  ensure "the clock is kept" "active chrony || active systemd-timesyncd" "installed systemd-timesyncd || install_packages systemd-timesyncd; systemctl enable --now systemd-timesyncd"
}

# Other people's settings of the daemon stay; only what is missing or different is put in.
merged() {
  python3 - "$DOCKER_POOL" <<'EOF'
import json, os, sys
path = "/etc/docker/daemon.json"
there = json.load(open(path)) if os.path.exists(path) else {}
if not isinstance(there, dict):
    sys.exit("daemon.json holds no object")
there["log-driver"] = "json-file"
there["log-opts"] = {**there.get("log-opts", {}), "max-size": "10m", "max-file": "3"}
there.setdefault("default-address-pools", [{"base": sys.argv[1], "size": 24}])
there["live-restore"] = True
print(json.dumps(there, indent=2, sort_keys=True))
EOF
}

step_docker() {
  want=$(merged) || fail "/etc/docker/daemon.json is no JSON; mend it first, nothing was written over it"
  put /etc/docker/daemon.json 644 "$want
"
  if [ "$verb" = apply ] && [ "$differs" = 1 ] && systemctl is-active --quiet docker; then systemctl reload-or-restart docker; fi
  command -v docker >/dev/null || say note "Docker is not there yet; Coolify's installer brings it"
}

# Docker's own prune takes images without a tag, and what Coolify pulls by digest has none. So the
# newest of each repository stay, and what a container uses cannot be removed at all.
step_prune() {
  file /usr/local/sbin/nutri-prune 755 <<EOF
#!/bin/sh
# Kept by setup-server.sh: build caches of a week ago, and images beyond the newest $KEEP_IMAGES of a repository.
set -eu
docker builder prune --force --filter until=168h >/dev/null
docker image ls --no-trunc --format '{{.Repository}} {{.ID}}' | awk '\$1 != "<none>" && !seen[\$1 " " \$2]++ && ++count[\$1] > $KEEP_IMAGES { print \$2 }' | sort -u |
  while read -r image; do docker image rm "\$image" 2>/dev/null || true; done
EOF
  file /etc/systemd/system/nutri-prune.service 644 <<'EOF'
[Unit]
Description=Remove old images and build caches; the images of rollbacks stay
ConditionPathExists=/run/docker.sock

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/nutri-prune
EOF
  file /etc/systemd/system/nutri-prune.timer 644 <<'EOF'
[Unit]
Description=Remove old images and build caches daily

[Timer]
OnCalendar=*-*-* 04:30
RandomizedDelaySec=15min
Persistent=true

[Install]
WantedBy=timers.target
EOF
  ensure "images are cleaned up daily" "active nutri-prune.timer" "systemctl daemon-reload && systemctl enable --now nutri-prune.timer"
}

step_optional() {
  for package in $OPTIONAL; do
    case $package in auditd | aide) ;; *) fail "OPTIONAL knows auditd and aide, not '$package'" ;; esac
    ensure "package $package" "installed $package" "install_packages $package"
  done
}

# ---------------------------------------------------------------- the verbs

usage() { sed -n '2,/^set -eu/{s/^# \{0,1\}//p}' "$0" >&2; exit 2; }

walk() {
  [ "$verb" != apply ] || { mkdir -p "$STATE"; chmod 700 "$STATE"; }
  for step in $STEPS; do
    [ -z "$only" ] || case " $only " in *" $step "*) ;; *) continue ;; esac
    differs=0
    "step_$step"
    [ "$differs" = 1 ] || say ok "as wanted"
    [ "$differs" = 0 ] || any=1
  done
  step=end
  [ ! -e "$STATE/pending" ] || say note "SSH and firewall go back after $GUARD_SECONDS seconds; confirm in a new connection: $HERE confirm"
  [ "$verb" = apply ] || [ "$any" = 0 ] || exit 3
}

verb=${1:-}
[ $# -eq 0 ] || shift
only=$*
for name in $only; do case " $STEPS boot " in *" $name "*) ;; *) echo "there is no step '$name'; there are: $STEPS" >&2; exit 2 ;; esac; done
case $verb in
check | apply) [ "$(id -u)" = 0 ] || { echo "run it as root: sudo $0 $verb" >&2; exit 1; } ; walk ;;
confirm) confirm ;;
revert) revert "$only" ;;
*) usage ;;
esac
