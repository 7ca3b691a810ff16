# `cargo xtask …` is completed as `x …`; every other word of cargo as it was before.
if ! declare -F _cargo >/dev/null && declare -F _completion_loader >/dev/null; then
  _completion_loader cargo
fi
_x_of_cargo() {
  if [[ ${COMP_WORDS[1]-} == xtask && $COMP_CWORD -gt 1 ]]; then
    local before=x
    [[ $COMP_CWORD -eq 2 ]] || before=$3
    COMP_WORDS=(x "${COMP_WORDS[@]:2}") COMP_CWORD=$((COMP_CWORD - 1))
    _x x "$2" "$before"
  elif declare -F _cargo >/dev/null; then
    _cargo "$@"
  fi
}
complete -F _x_of_cargo -o bashdefault -o default cargo

# The Nix package calls it by its own name.
complete -F _x -o bashdefault -o default xtask
