#!/usr/bin/env bash
# Succeeds if these words only look: then nothing is installed for them.
set -euo pipefail
case " $* " in *" --help "* | *" -h "*) exit 0 ;; esac
for word in "$@"; do [[ $word == -* ]] || { verb=$word && break; }; done
case "${verb-}" in
  "" | audit | completions | docs | doctor | explain | help | logs | rollback-targets | status | verify) exit 0 ;;
  ci) case " $*" in *" --list"* | *" --explain"*) exit 0 ;; esac ;;
esac
exit 1
