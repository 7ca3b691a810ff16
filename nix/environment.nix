# Variables of the shell and of every app.
{
  # `x` and `scripts/bootstrap.sh` then install nothing.
  NUTRI_IN_NIX = "1";
  # uv takes the Python that Nix brings and never fetches one.
  UV_PYTHON_DOWNLOADS = "never";
}
