#!/usr/bin/env bash
# Installs what packages.txt lists for a verb and this machine lacks; says what and why first.
set -euo pipefail
packages=() lines=()
# Servers are installed there, and the place is not on everybody's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
while IFS='|' read -r verb names reason probe; do
  [[ ${verb% *} =~ ^(any|$1)\ *$ ]] || continue
  (eval "$probe") </dev/null >/dev/null 2>&1 && continue
  read -ra words <<<"$names" && read -r reason <<<"$reason"
  packages+=("${words[@]}") lines+=("  ${words[*]}: $reason")
done < <(grep -v '^#' scripts/bootstrap/packages.txt)
[ ${#packages[@]} -gt 0 ] || exit 0
refuse() { printf '%s\n' "error: cannot install what is missing: $1" "${lines[@]}" "  hint: $2" >&2 && exit 4; }
{ grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release && type -P apt-get >/dev/null; } ||
  refuse "this system is neither Debian nor Ubuntu" "install it, or install Nix with flakes"
[ "$(id -u)" = 0 ] || sudo=$(type -P sudo) || refuse "not root, and no sudo" "run \`scripts/bootstrap.sh $1\` as root once"
[ -z "${sudo-}" ] || [ -t 0 ] || "$sudo" -n true 2>/dev/null || refuse "sudo wants a password, and no terminal is here" "run \`scripts/bootstrap.sh $1\` as root once"
printf '%s\n' "installing with apt, as it is missing:" "${lines[@]}" >&2
exec ${sudo-} scripts/bootstrap/apt.sh "${packages[@]}"
