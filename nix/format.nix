# `nix fmt`: brings Nix and Rust into their one form.
{
  writeShellApplication,
  git,
  nixfmt,
  cargo,
  rustfmt,
}:

writeShellApplication {
  name = "format";
  runtimeInputs = [
    git
    nixfmt
    cargo
    rustfmt
  ];
  text = ''
    cd "$(git rev-parse --show-toplevel)"
    git ls-files -z '*.nix' | xargs -0 nixfmt
    cargo fmt --all
  '';
}
