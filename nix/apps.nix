# `nix run .#VERB`: the verbs that people type every day, with every tool at hand.
{
  pkgs,
  # The package: an app runs what is pinned, not what a checkout has built.
  xtask,
}:

let
  verbs = [
    "up"
    "down"
    "status"
    "release"
    "rollback"
    "verify"
    "audit"
    "logs"
    "image"
    "ci"
    "doctor"
  ];
  program =
    verb:
    pkgs.writeShellApplication {
      name = verb;
      runtimeInputs = [ xtask ] ++ pkgs.callPackage ./tools.nix { };
      runtimeEnv = import ./environment.nix { inherit (pkgs) lib stdenv zlib; };
      text = ''exec xtask ${verb} "$@"'';
    };
in
pkgs.lib.genAttrs verbs (verb: {
  type = "app";
  program = "${program verb}/bin/${verb}";
  meta.description = "Runs `xtask ${verb}` in this checkout";
})
