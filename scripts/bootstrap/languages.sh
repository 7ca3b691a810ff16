#!/usr/bin/env bash
# Refuses, with every finding at once, when a language it is asked for is missing or too old.
set -euo pipefail
findings=()
# want NAME WANTED PATTERN HOW COMMAND...: what the command says must match the pattern.
want() {
  local found
  found=$("${@:5}" 2>/dev/null) || found="none"
  [[ $found =~ $3 ]] || findings+=("  - $1: wanted $2, found $found; $4")
}
for language in "$@"; do case "$language" in
  rust) want Rust "1.91 or newer" '^cargo (1\.(9[1-9]|[1-9][0-9]{2})|[2-9])' "get it from rustup.rs" cargo --version ;;
  linker) want "a C compiler" "any" '/cc$' "it links Rust programs; Debian: \`apt-get install gcc libc6-dev\`" type -P cc ;;
  node) want Node.js "20.19 or a newer 20" '^v20\.(19|[2-9][0-9])\.' "get it from NodeSource" node --version ;;
  npm) want npm "any" '/npm$' "it comes with Node.js" type -P npm ;; # To ask its version takes too long.
  python) want Python "3.11" '^Python 3\.11\.' "$(scripts/bootstrap/how-python.sh)" "$(scripts/bootstrap/python.sh)" --version ;;
esac; done
[ ${#findings[@]} -gt 0 ] || exit 0
printf '%s\n' "error: cannot start: a language is missing or has another version" "${findings[@]}" \
  "  hint: install what is listed, or install Nix with flakes, which then brings every tool" >&2 && exit 4
