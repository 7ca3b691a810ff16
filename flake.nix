{
  description = "Every tool that Nutri's repository uses, pinned";

  # The last release that carries Node.js 20 beside Python 3.11.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";

  outputs = { nixpkgs, ... }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ];
      eachSystem = build: nixpkgs.lib.genAttrs systems (system: build nixpkgs.legacyPackages.${system});
    in
    {
      devShells = eachSystem (pkgs: { default = pkgs.callPackage ./nix/shell.nix { }; });
      formatter = eachSystem (pkgs: pkgs.nixfmt);
    };
}
