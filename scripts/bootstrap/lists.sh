#!/usr/bin/env bash
# Fetches apt's lists. Whoever else reads them has a lock, for which apt does not wait by itself.
set -euo pipefail
for try in {1..60}; do
  said=$(LC_ALL=C apt-get -qq update 2>&1) && exit 0
  [[ $said == *"Could not get lock"* ]] || break
  [ "$try" -gt 1 ] || echo "another apt is at work: waiting for it" >&2
  sleep 5
done
exec "$(dirname -- "$0")/outside.sh" apt-get -qq update
