#!/usr/bin/env bash
# Moves an environment back to the release before, or to the one that is named: `./x rollback`,
# whose exit codes are passed on. Without `--apply` it only shows what would be done.
set -euo pipefail
if [ $# -eq 0 ] || [ "$1" = --help ]; then
  echo "usage: scripts/deploy/rollback.sh ENVIRONMENT [RELEASE] [--apply] [flags of ./x rollback]" >&2
  [ $# -ne 0 ] || exit 2
fi
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.."
exec ./x rollback "$@"
