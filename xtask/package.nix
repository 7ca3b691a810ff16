# The program `xtask`, from the files that cargo reads and from no other.
{
  lib,
  rustPlatform,
  # Also runs the tests of the two crates that use nothing from outside.
  doCheck ? false,
}:

rustPlatform.buildRustPackage {
  pname = "xtask";
  version = (lib.importTOML ../Cargo.toml).workspace.package.version;
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.intersection (lib.fileset.gitTracked ../.) (
      lib.fileset.unions [
        ../Cargo.toml
        ../Cargo.lock
        ../.cargo
        ../xtask
        # Tests of the pure crates have these compiled in.
        ../deploy.toml
        ../images
        ../scripts/deploy/setup-server.sh
        # `explain` prints its sections.
        ../docs/OPERATING.md
        # The page of settings is made of these.
        ../services/backend/settings.json
        ../services/ml-service/settings.json
      ]
    );
  };
  # By the hashes of Cargo.lock: there is no other hash to keep in step.
  cargoLock.lockFile = ../Cargo.lock;
  cargoBuildFlags = [ "--package=xtask" ];
  cargoTestFlags = [
    "--package=xtask-core"
    "--package=xtask-image"
  ];
  inherit doCheck;
  meta = {
    description = "Takes Nutri from a commit to verified production";
    license = lib.licenses.asl20;
    mainProgram = "xtask";
  };
}
