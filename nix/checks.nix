# What `nix flake check` proves; each name is a claim.
{ pkgs, xtask }:

let
  inherit (pkgs.lib) fileset;
  # Tracked files of the repository.
  chosen =
    files:
    fileset.toSource {
      root = ../.;
      fileset = fileset.intersection (fileset.gitTracked ../.) (fileset.unions files);
    };
  # Runs `text` beside these files; it holds if that ends well.
  check =
    name: files: tools: text:
    pkgs.runCommand name ({ nativeBuildInputs = tools; } // import ./environment.nix { inherit (pkgs) lib stdenv zlib; }) ''
      cd ${chosen files}
      ${text}
      touch $out
    '';
in
{
  core-and-image-tests-pass = pkgs.callPackage ../xtask/package.nix { doCheck = true; };

  shell-has-every-tool = check "shell-has-every-tool" [
    ../deploy.toml
  ] ([ xtask ] ++ pkgs.callPackage ./tools.nix { }) "HOME=$TMPDIR xtask doctor --for ci";

  nix-files-have-one-form = check "nix-files-have-one-form" [
    ../flake.nix
    ../nix
    ../xtask/package.nix
  ] [ pkgs.nixfmt ] "nixfmt --check flake.nix nix/*.nix xtask/package.nix";

  scripts-have-no-finding = check "scripts-have-no-finding" [
    ../x
    ../.ci
    ../scripts
  ] [ pkgs.shellcheck ] "shellcheck x .ci/run scripts/*.sh scripts/bootstrap/*.sh scripts/deploy/*.sh";
}
