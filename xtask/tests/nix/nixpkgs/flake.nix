# A stand-in for nixpkgs: the functions and names that our flake uses, and no other, so that it can
# be evaluated, and its shell entered, where there is no network. It is not the real package set;
# docs/TESTING.md says so.
{
  outputs =
    { self }:
    let
      lib.genAttrs = names: value:
        builtins.listToAttrs (map (name: { inherit name; value = value name; }) names);
      # Each is a name that nixpkgs 25.11 has.
      known = [
        "cargo" "rustc" "clippy" "rustfmt" "cargo-nextest" "gcc" "git" "nodejs_20" "python311"
        "uv" "trivy" "docker-client" "shellcheck" "postgresql_15" "redis" "skopeo" "distribution"
        "gnupg" "nixfmt" "cargo-deny" "gitleaks"
        "gnupg" "nixfmt" "umoci" "nix"
      ];
      packageSet = system:
        let
          made = name: variables: derivation ({ inherit system name; builder = "/bin/sh"; } // variables);
          packages = lib.genAttrs known (name: made name { }) // { inherit mkShell; };
          mkShell = { packages, ... }@shell: made "shell" (shell // { wanted = packages; });
        in
        packages // {
          callPackage = path: overrides:
            let function = import path; in
            function (builtins.intersectAttrs (builtins.functionArgs function) packages // overrides);
        };
      lib = import ./lib.nix;
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ] (import ./packages.nix lib);
    };
}
