# The shell of `nix develop`.
{
  lib,
  stdenv,
  mkShell,
  callPackage,
  rustPlatform,
  rust-analyzer,
  zlib,
}:

mkShell {
  packages = callPackage ./tools.nix { } ++ [ rust-analyzer ];
  env =
    import ./environment.nix { inherit lib stdenv zlib; }
    // {
      # rust-analyzer reads the standard library from here.
      RUST_SRC_PATH = "${rustPlatform.rustLibSrc}";
    };
}
