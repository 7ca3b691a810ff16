# The packages of one system: empty, but for what tells that they reached the `PATH`.
lib: { system, config }:
let
  # Each is a name that nixpkgs 25.11 has.
  known = [
    "actionlint"
    "age"
    "cargo"
    "cargo-deny"
    "cargo-llvm-cov"
    "cargo-nextest"
    "clippy"
    "curl"
    "debootstrap"
    "distribution"
    "docker-client"
    "docker-compose"
    "fish"
    "gcc"
    "git"
    "gitleaks"
    "gnupg"
    "hadolint"
    "installShellFiles"
    "jq"
    "libfaketime"
    "llvm"
    "nix"
    "nixfmt"
    "nodejs_20"
    "openssh"
    "openssl"
    "pgbouncer"
    "postgresql_15"
    "python311"
    "qemu-user"
    "redis"
    "restic"
    "rust-analyzer"
    "rustc"
    "rustfmt"
    "shellcheck"
    "shfmt"
    "skopeo"
    "strace"
    "trivy"
    "umoci"
    "uv"
    "zizmor"
    "zlib"
    "zsh"
  ];
  made =
    name: text: variables:
    derivation (
      {
        inherit system name;
        builder = "/bin/bash";
        # Bash stays to the end: a last program that it became would close its output before it has
        # ended, and Nix kills a builder whose output is closed.
        args = [ "-c" "set -e\n${text}\nexit 0" ];
        PATH = "/usr/bin:/bin";
      }
      // variables
    );
  folder = name: made name "mkdir -p $out/bin" { };
  # What nixpkgs' own `setup` does for a shell, as far as we rely on it.
  setup = builtins.toFile "setup" ''
    PATH=
    for input in $nativeBuildInputs; do PATH=''${PATH:+$PATH:}$input/bin; done
  '';
  stdenv = made "stdenv" "mkdir $out; cp ${setup} $out/setup" { } // {
    hostPlatform.isLinux = system != "aarch64-darwin";
    buildPlatform.canExecute = _: true;
    cc.cc = folder "gcc-libraries";
  };
  # As nixpkgs does where one is marked: refused, unless the configuration lets it through.
  marked =
    package:
    if config.allowInsecurePredicate package then
      package
    else
      throw "Package ‘${package.pname}-${package.version}’ is marked as insecure, refusing to evaluate.";
  node = folder "nodejs_20" // {
    pname = "nodejs";
    version = "20.20.2";
  };
  packages = lib.genAttrs known folder // {
    nodejs_20 = marked node;
    rustc = folder "rustc" // {
      version = "1.91.1";
    };
    inherit callPackage lib stdenv;
    bashInteractive = made "bash-interactive" "mkdir -p $out/bin; ln -s /bin/bash $out/bin/bash" { };
    mkShell =
      { packages, env }:
      made "shell" "exit 1" (
        {
          inherit stdenv;
          nativeBuildInputs = packages;
          outputs = [ "out" ];
        }
        // env
      );
    runCommand = name: variables: text: made name text variables;
    writeShellApplication =
      { name, runtimeInputs, runtimeEnv ? { }, text }:
      made name text ({ inherit runtimeInputs; } // runtimeEnv);
    rustPlatform.rustLibSrc = folder "rust-lib-src";
    rustPlatform.buildRustPackage =
      {
        pname,
        version,
        src,
        cargoLock,
        cargoBuildFlags,
        cargoTestFlags,
        doCheck,
        useNextest,
        nativeBuildInputs,
        postInstall,
        meta,
      }:
      # The lock is read while the package is evaluated, as nixpkgs does.
      assert (lib.importTOML cargoLock.lockFile).version == 4;
      made "${pname}-${version}" "exit 1" {
        inherit src cargoBuildFlags cargoTestFlags doCheck useNextest nativeBuildInputs postInstall;
      };
  };
  callPackage =
    path: overrides:
    let
      function = import path;
    in
    function (builtins.intersectAttrs (builtins.functionArgs function) packages // overrides);
in
packages
