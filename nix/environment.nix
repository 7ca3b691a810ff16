# Variables of the shell and of every app.
{
  lib,
  stdenv,
  zlib,
}:

{
  # `x` and `scripts/bootstrap.sh` then install nothing.
  NUTRI_IN_NIX = "1";
  # uv takes the Python that Nix brings and never fetches one.
  UV_PYTHON_DOWNLOADS = "never";
}
// lib.optionalAttrs stdenv.hostPlatform.isLinux {
  # Wheels from PyPI look for these where other systems have them: without, numpy is not imported.
  LD_LIBRARY_PATH = lib.makeLibraryPath [
    stdenv.cc.cc
    zlib
  ];
}
