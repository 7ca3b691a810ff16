#!/usr/bin/env bash
# Says how to get Python 3.11 on the system that os-release, or the file that is given, names.
set -euo pipefail
ID="" VERSION_ID=""
# shellcheck source=/dev/null
[ ! -r "${1-/etc/os-release}" ] || . "${1-/etc/os-release}"
case "$ID $VERSION_ID" in
  "debian 12" | "ubuntu 22.04") echo "\`apt-get install python3.11\`" ;;
  "ubuntu "*) echo "this Ubuntu has none: \`uv python install 3.11\`, or python3.11 of the PPA deadsnakes" ;;
  *) echo "this system may have none: \`uv python install 3.11\`, or pyenv" ;;
esac
