# As `import nixpkgs { … }` finds it. Without a word on insecure packages, none is let through.
{
  system,
  config ? { },
}:
import ./packages.nix (import ./lib.nix) {
  inherit system;
  config = {
    allowInsecurePredicate = _: false;
  } // config;
}
