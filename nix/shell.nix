# The shell of `nix develop`: what `xtask doctor` wants, under the names that it gives.
{
  mkShell,
  cargo,
  rustc,
  clippy,
  rustfmt,
  cargo-nextest,
  gcc,
  git,
  nodejs_20,
  python311,
  uv,
  trivy,
  cargo-deny,
  gitleaks,
  docker-client,
  shellcheck,
  postgresql_15,
  redis,
  skopeo,
  distribution,
  gnupg,
  umoci,
  nix,
}:

mkShell {
  packages = [
    cargo
    rustc
    clippy
    rustfmt
    cargo-nextest
    gcc
    git
    nodejs_20
    python311
    uv
    trivy
    cargo-deny
    gitleaks
    docker-client
    shellcheck
    postgresql_15
    redis
    skopeo
    distribution
    gnupg
    umoci
    nix
  ];

  # `x` and `scripts/bootstrap.sh` then install nothing.
  NUTRI_IN_NIX = "1";
  # uv takes the Python of this shell and never fetches one.
  UV_PYTHON_DOWNLOADS = "never";
# The shell of `nix develop`.
{ mkShell, callPackage }:

mkShell {
  packages = callPackage ./tools.nix { };
  env = import ./environment.nix;
}
