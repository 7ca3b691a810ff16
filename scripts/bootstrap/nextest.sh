#!/usr/bin/env bash
# Builds the Rust test runner where it is missing: no package registry has it ready.
set -euo pipefail
tools=${XTASK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nutri}/tools
PATH=$tools/bin:$PATH
type -P cargo-nextest >/dev/null && exit 0
version=0.9.143
if [ ! -x "$tools/nextest-$version/bin/cargo-nextest" ]; then
  echo "building cargo-nextest $version into $tools, as it is missing; this takes some minutes" >&2
  scripts/bootstrap/outside.sh cargo install --quiet --locked cargo-nextest --version "$version" --root "$tools/nextest-$version"
fi
ln -sf "../../nextest-$version/bin/cargo-nextest" "$tools/bin/cargo-nextest"
