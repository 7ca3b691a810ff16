# The functions of nixpkgs' `lib` that our flake uses, with their refusals.
let
  inherit (builtins) any isFunction listToAttrs pathExists stringLength substring;
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  # A file set is a function that says whether a path belongs to it.
  asSet =
    it:
    if isFunction it then
      it
    else if !pathExists it then
      throw "lib.fileset: ${toString it} does not exist"
    else
      path: path == toString it || hasPrefix "${toString it}/" path || hasPrefix "${path}/" (toString it);
in
{
  genAttrs = names: value: listToAttrs (map (name: { inherit name; value = value name; }) names);
  importTOML = file: builtins.fromTOML (builtins.readFile file);
  inherit hasPrefix;
  optionals = condition: list: if condition then list else [ ];
  optionalAttrs = condition: set: if condition then set else { };
  optionalString = condition: text: if condition then text else "";
  makeLibraryPath = packages: builtins.concatStringsSep ":" (map (it: "${it}/lib") packages);
  versionAtLeast = one: other: builtins.compareVersions one other >= 0;
  licenses.asl20 = { };
  fileset = {
    unions = sets: path: any (it: asSet it path) sets;
    intersection = one: other: path: asSet one path && asSet other path;
    # What a flake sees of a Git repository are its tracked files.
    gitTracked =
      root:
      if pathExists (root + "/.git") then throw "lib.fileset.gitTracked: unfiltered" else _: true;
    toSource =
      { root, fileset }:
      builtins.path { name = "source"; path = root; filter = path: _: asSet fileset path; };
  };
}
