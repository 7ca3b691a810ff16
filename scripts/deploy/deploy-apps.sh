#!/usr/bin/env bash
# Ships what is checked out to an environment: `./x ship`, whose exit codes are passed on.
# Without `--apply` it only shows what would be done.
set -euo pipefail
if [ $# -eq 0 ] || [ "$1" = --help ]; then
  echo "usage: scripts/deploy/deploy-apps.sh ENVIRONMENT [--apply] [flags of ./x ship]" >&2
  [ $# -ne 0 ] || exit 2
fi
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.."
exec ./x ship "$@"
