# A stand-in for nixpkgs: the functions and names that our flake uses, and no other, so that it can
# be evaluated, and its shell entered, where there is no network. It is not the real package set;
# docs/TESTING.md says so.
{
  outputs =
    { self }:
    let
      lib = import ./lib.nix;
    in
    {
      inherit lib;
      # `nix develop` takes its own shell from here.
      legacyPackages = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ] (system: import ./. { inherit system; });
    };
}
