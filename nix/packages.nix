# The pinned package set of one system, with the one exception that we make.
{ nixpkgs, system }:

import nixpkgs {
  inherit system;
  # Node.js 20 has had no security updates since 2026-04-30, and nixpkgs may mark it. The requirement
  # names it; docs/deployment/SECURITY.md says how and when to move.
  config.allowInsecurePredicate =
    package: package.pname or "" == "nodejs" && nixpkgs.lib.hasPrefix "20." package.version;
}
