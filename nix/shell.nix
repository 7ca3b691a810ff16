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
    import ./environment.nix
    // {
      # rust-analyzer reads the standard library from here.
      RUST_SRC_PATH = "${rustPlatform.rustLibSrc}";
    }
    // lib.optionalAttrs stdenv.hostPlatform.isLinux {
      # Wheels from PyPI look for these where other systems have them: without, numpy is not imported.
      LD_LIBRARY_PATH = lib.makeLibraryPath [
        stdenv.cc.cc
        zlib
      ];
    };
}
