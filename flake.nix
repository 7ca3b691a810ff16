{
  description = "Nutri: every tool that the repository uses, pinned, and the program that ships it";

  # The last release that carries Node.js 20 beside Python 3.11.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ];
      eachSystem =
        build:
        nixpkgs.lib.genAttrs systems (
          system:
          build (import ./nix/packages.nix { inherit nixpkgs system; }) self.packages.${system}.xtask
        );
    in
    {
      packages = eachSystem (
        pkgs: xtask: {
          xtask = pkgs.callPackage ./xtask/package.nix { };
          default = xtask;
        }
      );
      # For flakes of others: `pkgs.nutri-xtask`, built with their own packages.
      overlays.default = final: prev: {
        nutri-xtask = final.callPackage ./xtask/package.nix { };
      };
      apps = eachSystem (pkgs: xtask: import ./nix/apps.nix { inherit pkgs xtask; });
      checks = eachSystem (pkgs: xtask: import ./nix/checks.nix { inherit pkgs xtask; });
      devShells = eachSystem (pkgs: _: { default = pkgs.callPackage ./nix/shell.nix { }; });
      formatter = eachSystem (pkgs: _: pkgs.callPackage ./nix/format.nix { });
    };
}
