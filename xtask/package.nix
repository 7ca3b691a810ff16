# The program `xtask`, from the files that cargo reads and from no other.
{
  lib,
  stdenv,
  rustPlatform,
  rustc,
  installShellFiles,
  # Also runs the tests of the two crates that use nothing from outside.
  doCheck ? false,
}:

let
  workspace = (lib.importTOML ../Cargo.toml).workspace.package;
in
# Every way to build it takes the oldest Rust from that one line.
assert lib.versionAtLeast rustc.version workspace.rust-version;
rustPlatform.buildRustPackage {
  pname = "xtask";
  inherit (workspace) version;
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
  # As `./x ci` runs them: each test in a process of its own.
  useNextest = true;
  nativeBuildInputs = [ installShellFiles ];
  # Another machine's program cannot be asked for its words.
  postInstall = lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
    installShellCompletion --cmd xtask \
      --bash <($out/bin/xtask completions bash) \
      --zsh <($out/bin/xtask completions zsh) \
      --fish <($out/bin/xtask completions fish)
  '';
  meta = {
    description = "Takes Nutri from a commit to verified production";
    license = lib.licenses.asl20;
    mainProgram = "xtask";
  };
}
