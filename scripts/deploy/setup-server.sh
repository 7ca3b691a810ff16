#!/bin/sh
# Makes a fresh Ubuntu 22.04, Ubuntu 24.04, Debian 12 or Debian 13 ready for Coolify, and keeps it so.
#
#   setup-server.sh check          what is not as wanted; changes nothing
#   setup-server.sh apply [STEP…]  mends exactly that; a second run changes nothing
#   setup-server.sh confirm        keeps the changes to SSH and firewall; run it in a NEW connection
#   setup-server.sh revert         takes them back now
#
# Changes to SSH and firewall go back by themselves GUARD_SECONDS after the run, and at a reboot, until
# they are confirmed: whoever locked himself out waits three minutes. Other changes stay.
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
: "${SSH_PORT:=22}"                 # where people reach it; the ports that sshd listens on stay open too
: "${SWAP_MB:=4096}"                # 0: no swap
: "${REBOOT_AT=03:30}"              # when an update may reboot, local time; empty: never
: "${TIMEZONE:=Etc/UTC}"
: "${OPEN_PORTS=80/tcp 443/tcp 443/udp}" # of containers, to the world; empty: none
: "${DOCKER_POOL:=10.0.0.0/8}"      # where Docker takes the networks from, as Coolify sets it
: "${KEEP_IMAGES:=10}"              # a repository; a rollback needs the last ones
: "${GUARD_SECONDS:=180}"           # 0: nothing goes back; for the first boot, which nobody watches
: "${OPTIONAL:=}"                   # of: auditd aide

HERE=/usr/local/sbin/nutri-setup-server
FENCE=/usr/local/sbin/nutri-docker-firewall
SSH_FILE=/etc/ssh/sshd_config.d/00-nutri.conf
LOCK=/run/nutri-server.lock
STEPS="system settings packages admin guard ssh firewall fail2ban updates swap kernel journal time docker prune optional"

# ---------------------------------------------------------------- what a step is made of

step=start verb=check differs=0 any=0 guarded=0
say() { printf '%s\t%s\t%s\n' "$step" "$1" "$2"; }
fail() { say unknown "$1" >&2; exit 1; }

# Who comes second waits for as long as a run that was killed needs to let go, and no longer.
lock() {
  exec 9>>"$LOCK"
  flock -w "${1:-5}" 9 || return 1
}
# systemd does the work, not the client: one that outlives its run holds nothing.
systemctl() { command systemctl "$@" 9>&-; }
lock_or_fail() { lock || fail "another run is at work on this server; once it has ended, run this again"; }

# A marker says that what this step wrote is not yet in force. It stands from before the change until
# after the reload, so that a run that is killed between leaves work for the next one.
mark() { [ -e "$STATE/stale-$step" ] || { : >"$STATE/stale-$step"; sync "$STATE/stale-$step" "$STATE"; }; }
stale() { [ "$verb" = apply ] && [ -e "$STATE/stale-$step" ] || return 1; }

# needs PROGRAM: a fresh server may lack it, and `check` says so instead of ending there.
needs() {
  ! command -v "$1" >/dev/null || return 0
  [ "$verb" = check ] || fail "$1 is missing: apply the step packages first"
  differs=1; say differs "$1 is missing, so nothing of this step could be looked at"
  return 1
}

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
  mark
  mkdir -p "$(dirname "$1")"
  printf '%s' "$3" >"$1.nutri-new"; chmod "$2" "$1.nutri-new"; chown root:root "$1.nutri-new"
  sync "$1.nutri-new"; mv -f "$1.nutri-new" "$1"; sync "$(dirname "$1")"
  say changed "$1"
}

# file PATH MODE: the same with what stands on the standard input.
file() { text=$(cat; printf x); put "$1" "$2" "${text%x}"; }

installed() {
  states=$(dpkg-query -W -f='${db:Status-Status}\n' "$@" 2>/dev/null) || return 1
  ! printf '%s\n' "$states" | grep -qvx installed
}
install_packages() { apt-get -o DPkg::Lock::Timeout=300 update && apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install -y --no-install-recommends "$@"; }
active() { systemctl is-active --quiet "$1" && systemctl is-enabled --quiet "$1" || return 1; }
in_container() { systemd-detect-virt --quiet --container; }

# ---------------------------------------------------------------- the lock-out guard

# What SSH and the firewall are made of. It is saved before the first change to either.
GUARDED="etc/ssh/sshd_config.d/00-nutri.conf etc/ufw etc/default/ufw usr/local/sbin/nutri-docker-firewall etc/systemd/system/nutri-docker-firewall.service etc/systemd/system/multi-user.target.wants/nutri-docker-firewall.service etc/systemd/system/docker.service.d/nutri-firewall.conf"

# Sets the timer anew. The old one stays until the new one runs: at no moment is there none.
arm() {
  new=nutri-guard-a old=nutri-guard-b
  ! systemctl is-active --quiet $new.timer || { new=nutri-guard-b old=nutri-guard-a; }
  systemctl stop $new.timer $new.service 2>/dev/null || true
  systemd-run --quiet --collect --unit=$new --on-active="$GUARD_SECONDS" --timer-property=AccuracySec=1s "$HERE" revert timer || return 1
  # It may have run out during this run, and waits for the lock that we hold.
  systemctl stop $old.timer $old.service 2>/dev/null || true
}
disarm() { systemctl stop nutri-guard-a.timer nutri-guard-b.timer 2>/dev/null || true; }

pending() { [ -e "$STATE/pending" ] || return 1; }

guard() {
  [ "$guarded" = 0 ] && [ "$GUARD_SECONDS" -gt 0 ] || return 0
  guarded=1
  ! pending || return 0
  save
  arm || fail "no timer would take the change back; nothing was changed"
  : >"$STATE/pending"; sync "$STATE/pending" "$STATE"
}

# A path is in `saved` as it was, or, if it is wholly ours, in its list of those that were not there.
save() {
  rm -rf "$STATE/saved.new"; mkdir "$STATE/saved.new"
  for path in $GUARDED; do
    if [ -e "/$path" ] || [ -L "/$path" ]; then
      mkdir -p "$STATE/saved.new/$(dirname "$path")"; cp -a "/$path" "$STATE/saved.new/$path"
    else case $path in *nutri*) echo "$path" >>"$STATE/saved.new/absent" ;; esac; fi
  done
  rm -rf "$STATE/saved"; mv "$STATE/saved.new" "$STATE/saved"; sync
}

# Nothing is taken away that is neither saved nor known to be ours.
restore() {
  [ -d "$STATE/saved" ] || fail "nothing is saved, so SSH and firewall stay as they are; look at them, then: $HERE confirm"
  for path in $GUARDED; do
    if [ -e "$STATE/saved/$path" ] || [ -L "$STATE/saved/$path" ]; then
      rm -rf "/${path:?}"; mkdir -p "/$(dirname "$path")"; cp -a "$STATE/saved/$path" "/$path"
    elif grep -qxF "$path" "$STATE/saved/absent" 2>/dev/null; then rm -rf "/${path:?}"; fi
  done
  sync
}

# Takes our chain out; the rules of others in DOCKER-USER stay.
unfence() {
  for tables in iptables ip6tables; do
    while $tables -D DOCKER-USER -j nutri-docker 2>/dev/null; do :; done
    ! $tables -n -L nutri-docker >/dev/null 2>&1 || { $tables -F nutri-docker && $tables -X nutri-docker; } || return 1
  done
}
refence() { [ ! -x $FENCE ] || $FENCE; }
reload_ufw() { if grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf; then ufw reload; else ufw --force disable; fi; }

revert() {
  step=guard
  # A run that hangs may be what locked somebody out: the timer does not wait for it for ever.
  if [ "${1:-}" = timer ]; then lock 600 || say note "another run does not end; its changes go back all the same"
  elif [ "${1:-}" != boot ]; then lock_or_fail; fi
  pending || { say ok "nothing waits to be confirmed"; return 0; }
  restore
  failed=
  if [ "${1:-}" != boot ]; then
    disarm
    for act in "systemctl daemon-reload" reload_ssh unfence refence reload_ufw; do
      (eval "$act") >"$STATE/log" 2>&1 || { failed="$failed $act;"; tail -n 5 "$STATE/log" >&2; }
    done
  fi
  [ -z "$failed" ] || fail "the files of SSH and firewall are as before, but these failed, and a reboot does them:$failed"
  rm -f "$STATE/pending"; sync "$STATE"
  rm -rf "$STATE/saved"
  say changed "SSH and firewall are as before"
}

confirm() {
  step=guard
  lock_or_fail
  pending || { say ok "nothing waits to be confirmed"; return 0; }
  rm -f "$STATE/pending"; sync "$STATE"
  rm -rf "$STATE/saved"
  disarm
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

is_number() { case $1 in '' | *[!0-9]*) return 1 ;; esac; }

# What would stand wrongly in a file or a rule is refused before anything is changed.
settings_fit() {
  step=settings
  for name in SSH_PORT SWAP_MB KEEP_IMAGES GUARD_SECONDS; do
    eval "value=\$$name"
    is_number "$value" || fail "$name is '$value'; wanted a whole number"
  done
  for open in $OPEN_PORTS; do
    case $open in */tcp | */udp) ;; *) fail "OPEN_PORTS holds '$open'; wanted PORT/tcp or PORT/udp" ;; esac
    is_number "${open%/*}" || fail "OPEN_PORTS holds '$open'; wanted PORT/tcp or PORT/udp"
  done
  case $REBOOT_AT in '' | [0-2][0-9]:[0-5][0-9]) ;; *) fail "REBOOT_AT is '$REBOOT_AT'; wanted HH:MM, or nothing" ;; esac
}

step_settings() {
  text='# Kept by setup-server.sh: what it was told. A variable of the environment wins.
'
  for name in ADMIN_USER ADMIN_KEYS SSH_PORT SWAP_MB REBOOT_AT TIMEZONE OPEN_PORTS DOCKER_POOL KEEP_IMAGES OPTIONAL; do
    value=; eval "value=\$$name"
    case $value in *\'*) fail "$name holds a quotation mark" ;; esac
    text="${text}[ -n \"\${$name+set}\" ] || $name='$value'
"
  done
  put $SETTINGS 644 "$text"
}

step_packages() {
  packages="ca-certificates curl fail2ban iptables openssh-server python3 python3-systemd sudo tzdata ufw unattended-upgrades"
  ensure "packages: $packages" "installed $packages" "install_packages $packages"
}

has_key() { grep -qxF -- "$key" "$home/.ssh/authorized_keys" || return 1; }
add_key() {
  printf '%s\n' "$key" >>"$home/.ssh/authorized_keys"
  chmod 600 "$home/.ssh/authorized_keys"; chown "$ADMIN_USER:" "$home/.ssh/authorized_keys"
}

step_admin() {
  case $ADMIN_USER in root | *[!a-z0-9_-]* | [!a-z]* | '') fail "ADMIN_USER '$ADMIN_USER' is no name for a person's account" ;; esac
  ensure "user $ADMIN_USER" "getent passwd $ADMIN_USER || exit 1" \
    "useradd --create-home --shell /bin/bash $ADMIN_USER && passwd --lock $ADMIN_USER"
  home=$(getent passwd "$ADMIN_USER" | cut -d: -f6)
  : "${home:=/home/$ADMIN_USER}"
  case $home in /?*/?*) ;; *) fail "the home of $ADMIN_USER is $home; wanted a folder of its own" ;; esac
  # sshd reads no keys below a folder that others may write to.
  ensure "$home is $ADMIN_USER's own" "[ \"\$(find '$home' -maxdepth 0 -user $ADMIN_USER ! -perm /022)\" = '$home' ]" \
    "mkdir -p '$home' && chown $ADMIN_USER: '$home' && chmod go-w '$home'"
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
  # Without what one run was told: settings have a file of their own.
  kept=$(sed '/^# BEGIN told$/,/^# END told$/d' "$0" && printf x) || fail "cannot read itself at $0"
  put $HERE 755 "${kept%x}"
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
  if stale; then systemctl daemon-reload; fi
  ensure "the guard runs at boot" "systemctl is-enabled --quiet nutri-guard-boot.service || exit 1" \
    "systemctl enable nutri-guard-boot.service"
}

# What the files together say to sshd, for somebody from ADDRESS. The first value of a keyword wins, so our
# file sorts first, and a cloud image's own drop-in cannot win over it.
# With ssh.socket its folder may not be there yet.
ask_sshd() { [ -d /run/sshd ] || mkdir -m 755 /run/sshd; sshd "$@"; }
effective() { ask_sshd -T -C "user=$1,host=elsewhere,addr=$2,laddr=0.0.0.0,lport=$SSH_PORT"; }
# Where people reach it may be another port than where it listens, behind a router.
ssh_ports() { { echo "$SSH_PORT"; ask_sshd -T 2>/dev/null | sed -n 's/^port //p'; } | sort -un; }
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

# sshd_config.d/00-nutri.conf as it was before this run wrote it, or nothing if it was not there.
keep_ssh() {
  [ ! -e "$STATE/stale-ssh" ] || return 0
  rm -f "$STATE/before-ssh"
  [ ! -f "$SSH_FILE" ] || { cp -a "$SSH_FILE" "$STATE/before-ssh.new"; mv -f "$STATE/before-ssh.new" "$STATE/before-ssh"; }
}
# Only what we wrote goes back: what sshd refuses may as well be somebody else's file.
put_ssh_back() {
  if [ -e "$STATE/before-ssh" ]; then cp -a "$STATE/before-ssh" "$SSH_FILE.nutri-new"; mv -f "$SSH_FILE.nutri-new" "$SSH_FILE"; else rm -f "$SSH_FILE"; fi
  sync; rm -f "$STATE/stale-ssh"
}
step_ssh() {
  needs sshd || return 0
  [ "$verb" != apply ] || keep_ssh
  file $SSH_FILE 644 <<'EOF'
# Kept by setup-server.sh. The first value of a keyword wins, and this file is read first.
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
PermitEmptyPasswords no
PermitRootLogin no
# An agent offers each of its keys, and each is a try.
MaxAuthTries 6
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
  if stale; then
    ask_sshd -t || { put_ssh_back; fail "sshd refuses its configuration; our file is as before, and nothing was reloaded"; }
    reload_ssh
  fi
  # What another file decides otherwise is for a person to clear away.
  ensure "SSH from outside: keys only, no root" outside_is_shut "exit 1"
  ensure "SSH from Coolify's container: root by key" coolify_gets_in "exit 1"
}

rule() { ensure "ufw: $*" "ufw show added | grep -qxF -- 'ufw $*'" "ufw $*"; }

# The rules of our chain, one a line. Docker's published ports never meet ufw's INPUT rules: they are
# forwarded, and by then their port is the container's. So the port is asked for that was called.
# Containers call whom they want; everything else that is forwarded ends here, whatever its bridge.
fence_rules() {
  echo "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"
  for bridge in docker0 docker_gwbridge br-+; do echo "-i $bridge -j RETURN"; done
  for open in $OPEN_PORTS; do
    echo "-p ${open#*/} -m conntrack --ctstate DNAT --ctorigdstport ${open%/*} --ctdir ORIGINAL -j RETURN"
  done
  echo "-j DROP"
}
families() { echo iptables; [ ! -e /proc/net/if_inet6 ] || echo ip6tables; }
first_of() { [ "$($tables -S "$1" | sed -n '/^-A /{p;q}')" = "-A $1 -j $2" ] || return 1; }
is_fenced() {
  for tables in $(families); do
    first_of FORWARD DOCKER-USER 2>/dev/null && first_of DOCKER-USER nutri-docker 2>/dev/null || exit 1
    [ "$($tables -S nutri-docker | grep -c '^-A ')" = "$(fence_rules | wc -l)" ] || exit 1
    [ "$($tables -S nutri-docker | tail -n 1)" = "-A nutri-docker -j DROP" ] || exit 1
    fence_rules | while read -r words; do
      # shellcheck disable=SC2086
      $tables -C nutri-docker $words 2>/dev/null || exit 1
    done || exit 1
  done
}

step_firewall() {
  needs ufw && needs iptables || return 0
  file $FENCE 755 <<EOF
#!/bin/sh
# Kept by setup-server.sh: what Docker publishes is open to the world only where that was declared.
# Of the rules that are there only the chain nutri-docker is replaced, in one stroke.
set -eu
lead() {
  [ "\$(\$rules -S "\$1" | sed -n '/^-A /{p;q}')" != "-A \$1 -j \$2" ] || return 0
  \$rules -I "\$1" 1 -j "\$2"
  # The same jump further down is a former one.
  while [ "\$(\$rules -S "\$1" | grep -cxF -- "-A \$1 -j \$2")" -gt 1 ]; do
    \$rules -D "\$1" "\$(\$rules -S "\$1" | grep '^-A ' | grep -nxF -- "-A \$1 -j \$2" | tail -n 1 | cut -d: -f1)"
  done
}
for tables in $(families | paste -sd' ' -); do
  rules="\$tables -w 20"
  \$tables-restore -w 20 --noflush <<'RULES'
*filter
:nutri-docker - [0:0]
$(fence_rules | sed 's/^/-A nutri-docker /')
COMMIT
RULES
  \$rules -n -L DOCKER-USER >/dev/null 2>&1 || \$rules -N DOCKER-USER
  lead DOCKER-USER nutri-docker
  lead FORWARD DOCKER-USER
done
EOF
  file /etc/systemd/system/nutri-docker-firewall.service 644 <<EOF
[Unit]
Description=Shut what Docker publishes, unless it was declared
After=ufw.service
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$FENCE

[Install]
WantedBy=multi-user.target
EOF
  # No container starts before the rules stand; and Docker's start may put its own rules first.
  file /etc/systemd/system/docker.service.d/nutri-firewall.conf 644 <<EOF
[Service]
ExecStartPre=$FENCE
ExecStartPost=-$FENCE
EOF
  ensure "ufw: IPv6" "grep -qx 'IPV6=yes' /etc/default/ufw" "mark && sed -i 's/^IPV6=.*/IPV6=yes/' /etc/default/ufw"
  ensure "ufw: what comes in is refused" "grep -qx 'DEFAULT_INPUT_POLICY=\"DROP\"' /etc/default/ufw" "mark && ufw default deny incoming"
  ensure "ufw: what is forwarded is refused" "grep -qx 'DEFAULT_FORWARD_POLICY=\"DROP\"' /etc/default/ufw" "mark && ufw default deny routed"
  # The ports of containers as well: where Docker itself takes a connection for a container (over
  # IPv6, unless a network has it), the connection meets the rules of the host.
  opens="$(ssh_ports | sed 's|$|/tcp|') $OPEN_PORTS"
  for open in $opens; do rule "allow $open"; done
  ufw show added | grep '^ufw ' | while IFS= read -r found; do
    for open in $opens; do [ "$found" != "ufw allow $open" ] || continue 2; done
    say note "a rule of others: $found"
  done
  ensure "ufw runs" "ufw status | grep -qx 'Status: active'" "ufw --force enable"
  if stale; then systemctl daemon-reload; ufw reload >/dev/null; $FENCE; fi
  ensure "what Docker publishes is fenced" is_fenced "$FENCE"
  ensure "the fence stands after a reboot" "systemctl is-enabled --quiet nutri-docker-firewall.service || exit 1" \
    "systemctl enable nutri-docker-firewall.service"
}

step_fail2ban() {
  needs fail2ban-client || return 0
  # The journal, because these systems have no auth.log. Coolify's own connections are never banned.
  # Not `aggressive`: it counts every connection that says nothing, so a monitor, or a look from
  # outside at which ports are open, would be banned with whoever else has its address.
  file /etc/fail2ban/jail.d/00-nutri.local 644 <<EOF
[DEFAULT]
backend = systemd
ignoreip = 127.0.0.1/8 ::1 10.0.0.0/8 172.16.0.0/12
# Some releases ban by nft, which they do not install; then a ban is counted, and nobody is shut out.
banaction = iptables-multiport
banaction_allports = iptables-allports
bantime = 10m
bantime.increment = true
bantime.maxtime = 1w
findtime = 10m
maxretry = 5

[sshd]
enabled = true
mode = extra
port = $(ssh_ports | paste -sd, -)
EOF
  ensure "fail2ban runs" "active fail2ban" "systemctl enable --now fail2ban"
  if stale; then systemctl restart fail2ban; fi
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

# The settings that this kernel has, and that are ours to set.
kernel_lines() {
  while IFS=' =' read -r name value; do
    at=/proc/sys/$(printf %s "$name" | tr . /)
    [ -e "$at" ] || continue
    if in_container; then case $name in net.*) [ -w "$at" ] || continue ;; *) continue ;; esac; fi
    echo "$name = $value"
  done </etc/sysctl.d/90-nutri.conf
}
kernel_is_so() {
  [ -f /etc/sysctl.d/90-nutri.conf ] || exit 1
  kernel_lines | while IFS=' =' read -r name value; do
    [ "$(sysctl -n "$name")" = "$value" ] || exit 1
  done || exit 1
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
  ! in_container || say note "a container has its host's kernel: only settings of the network that it may write are looked at"
  ensure "the kernel's settings are in force" kernel_is_so "kernel_lines | sysctl --quiet --load=-"
}

step_journal() {
  file /etc/systemd/journald.conf.d/90-nutri.conf 644 <<'EOF'
[Journal]
Storage=persistent
SystemMaxUse=500M
MaxRetentionSec=1month
EOF
  if stale; then systemctl restart systemd-journald; fi
}

step_time() {
  zone=/usr/share/zoneinfo/$TIMEZONE
  if [ -f "$zone" ]; then
    ensure "time zone $TIMEZONE" "cmp -s /etc/localtime '$zone' || exit 1" "ln -sfn '$zone' /etc/localtime"
  elif [ -d /usr/share/zoneinfo ]; then fail "TIMEZONE is '$TIMEZONE', and there is no such time zone"
  else
    [ "$verb" = check ] || fail "tzdata is missing: apply the step packages first"
    differs=1; say differs "tzdata is missing"
  fi
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

# Docker reads most of daemon.json at its start only.
is_newer_than_docker() {
  started=$(systemctl show --property ExecMainStartTimestamp --value docker)
  [ "$(stat -c %Y /etc/docker/daemon.json)" -gt "$(date -d "$started" +%s)" ] || return 1
}

step_docker() {
  needs python3 || return 0
  want=$(merged) || fail "/etc/docker/daemon.json is no JSON; mend it first, nothing was written over it"
  put /etc/docker/daemon.json 644 "$want
"
  command -v docker >/dev/null || { say note "Docker is not there yet; Coolify's installer brings it"; return 0; }
  systemctl is-active --quiet docker || return 0
  if stale; then
    if running=$(docker ps --quiet) && [ -z "$running" ]; then systemctl restart docker; else systemctl reload docker; fi
  fi
  ! is_newer_than_docker || say note "limits of logs and address pools are in force only once Docker has started anew: systemctl restart docker"
}

# Docker's own prune takes images without a tag, and what Coolify pulls by digest has none. So those
# of each repository that came last stay, and what a container uses cannot be removed at all.
# `created` is the same in all reproducible images, and LastTagTime is empty in what was pulled: when
# an image came, the store's own file tells, and LastTagTime in a store of containerd.
step_prune() {
  file /usr/local/sbin/nutri-prune 755 <<EOF
#!/bin/sh
# Kept by setup-server.sh: build caches of a week ago, and all but the last $KEEP_IMAGES images of a repository.
set -eu
docker builder prune --force --filter until=168h >/dev/null
root=\$(docker info --format '{{.DockerRootDir}}')
came() {
  stat -c %.Y "\$root"/image/*/imagedb/content/sha256/"\${1#sha256:}" 2>/dev/null && return 0
  tagged=\$(docker image inspect --format '{{json .Metadata.LastTagTime}}' "\$1" | tr -d '"') || return 1
  seconds=\$(date -d "\$tagged" +%s 2>/dev/null) && [ "\$seconds" -gt 0 ] && echo "\$seconds" || return 1
}
docker image ls --no-trunc --format '{{.Repository}} {{.ID}}' | sort -u | while read -r repository image; do
  # Of what nobody knows when it came, nothing is removed.
  [ "\$repository" = "<none>" ] || ! when=\$(came "\$image") || echo "\$when \$repository \$image"
done | sort -rn | awk '++count[\$2] > $KEEP_IMAGES { print \$3 }' | sort -u |
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
  if stale; then systemctl daemon-reload; systemctl restart nutri-prune.timer; fi
}

step_optional() {
  for package in $OPTIONAL; do
    case $package in auditd | aide) ;; *) fail "OPTIONAL knows auditd and aide, not '$package'" ;; esac
    ensure "package $package" "installed $package" "install_packages $package"
  done
}

# ---------------------------------------------------------------- the verbs

usage() { sed -n '/^# BEGIN told$/,/^# END told$/d; 2,/^set -eu/{s/^# \{0,1\}//p}' "$0" >&2; exit 2; }

begin() {
  lock_or_fail
  mkdir -p "$STATE"; chmod 700 "$STATE"
  # Whoever locked himself out by an earlier run has not confirmed; he has the whole time again.
  if pending; then
    [ "$GUARD_SECONDS" -gt 0 ] || fail "earlier changes to SSH and firewall wait; first: $HERE confirm, or: $HERE revert"
    arm || fail "no timer would take the changes back; nothing was changed"
  fi
}

walk() {
  settings_fit
  step=start
  [ "$verb" != apply ] || begin
  for step in $STEPS; do
    [ -z "$only" ] || case " $only " in *" $step "*) ;; *) continue ;; esac
    differs=0 was_stale=0
    [ ! -e "$STATE/stale-$step" ] || was_stale=1
    "step_$step"
    settle
    [ "$differs" = 1 ] || say ok "as wanted"
    [ "$differs" = 0 ] || any=1
  done
  step=end
  if pending; then
    when="by themselves"
    if [ "$verb" = apply ]; then
      when="after $GUARD_SECONDS seconds"
      arm || fail "no timer takes back what nobody confirms; a reboot does, and so does: $HERE revert"
    fi
    say note "SSH and firewall go back $when; confirm in a new connection: $HERE confirm"
  fi
  [ "$verb" = apply ] || [ "$any" = 0 ] || exit 3
}

# What a step wrote is in force once the step has come to its end.
settle() {
  [ "$verb" != apply ] || rm -f "$STATE/stale-$step"
  [ "$was_stale" = 1 ] || return 0
  differs=1
  if [ "$verb" = apply ]; then say changed "what an earlier run wrote is in force"; else say differs "what an earlier run wrote is not yet in force"; fi
}

verb=${1:-}
[ $# -eq 0 ] || shift
only=$*
case $verb in
check | apply)
  for name in $only; do case " $STEPS " in *" $name "*) ;; *) echo "there is no step '$name'; there are: $STEPS" >&2; exit 2 ;; esac; done
  # What takes the change back comes before the change.
  case " $only " in *" ssh "* | *" firewall "*) only="$only guard" ;; esac
  ;;
confirm) [ -z "$only" ] || usage ;;
revert) case $only in '' | boot | timer) ;; *) usage ;; esac ;;
*) usage ;;
esac
[ "$(id -u)" = 0 ] || { echo "run it as root: sudo $0 $verb" >&2; exit 1; }
case $verb in
check | apply) walk ;;
confirm) confirm ;;
revert) revert "$only" ;;
esac
