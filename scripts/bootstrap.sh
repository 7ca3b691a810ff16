#!/usr/bin/env bash
# Makes this machine ready for the verb it is given; silent when there is nothing to do.
# Exits with 4 when it refuses. What only tests need is installed for `ci` alone.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."
verb="" steps=scripts/bootstrap
for word in "$@"; do
  [[ $word == -* ]] || { verb=$word && break; }
done
# In a Nix shell every tool is there already.
[ -z "${NUTRI_IN_NIX-}" ] || exit 0
# What only looks must run to tell what is missing.
! "$steps/looks.sh" "$@" || exec "$steps/languages.sh" rust linker
# Git waits for these on a machine that is in use already.
[ "$verb" != hooks ] || { "$steps/languages.sh" linker && exec "$steps/tools.sh"; }
"$steps/languages.sh" rust node npm python
"$steps/packages.sh" "$verb"
"$steps/tools.sh"
[ "$verb" != ci ] || "$steps/nextest.sh"
