# `cargo xtask …` is completed as `x …`; every other word of cargo as it was before.
_x_of_cargo() {
  if (( CURRENT > 2 )) && [[ $words[2] == xtask ]]; then
    words=(x "${(@)words[3,-1]}")
    (( CURRENT -= 1 ))
    _x
  elif (( $+functions[_cargo] )); then
    _cargo "$@"
  fi
}
if (( $+functions[compdef] )); then
  compdef _x_of_cargo cargo
fi

# The Nix package calls it by its own name, and its file is loaded under that at the first use.
if [[ $funcstack[1] == _xtask ]]; then
  _x "$@"
elif (( $+functions[compdef] )); then
  compdef _x xtask
fi
