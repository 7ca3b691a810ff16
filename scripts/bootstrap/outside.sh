#!/usr/bin/env bash
# Runs what fetches from outside. Where that fails, ends with 5, as every verb does.
set -euo pipefail
"$@" && exit 0
printf '%s\n' "error: failed to run \`${*:1:3}\`: what it said is above" \
  "  hint: run it again once the network, the archive or the disk is well" >&2
exit 5
