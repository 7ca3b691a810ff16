# The shell of `nix develop`.
{ mkShell, callPackage }:

mkShell {
  packages = callPackage ./tools.nix { };
  env = import ./environment.nix;
}
