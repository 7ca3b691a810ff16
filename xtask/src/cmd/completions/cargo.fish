# `cargo xtask …` is completed as `x …`; every other word of cargo as it was before.
function __x_of_cargo
    set -l words (commandline -opc) (commandline -ct)
    complete -C (string join ' ' -- x $words[3..-1])
end
complete -c cargo -n '__fish_seen_subcommand_from xtask' -f -a '(__x_of_cargo)'

# The Nix package calls it by its own name.
complete -c xtask -w x
