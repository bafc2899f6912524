# Completion of gantry for fish: gantry completion fish > ~/.config/fish/completions/gantry.fish
function __gantry_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (gantry completion fish -- $words[2..-1] 2>/dev/null)
        switch $line
            case :files
                __gantry_paths __fish_complete_path
            case :folders
                __gantry_paths __fish_complete_directories
            case '*'
                echo $line
        end
    end
end
# Paths behind `-flag=` are completed without it, and offered with it.
function __gantry_paths
    set -l parts (string split -m 1 = -- (commandline -ct))
    if test (count $parts) -eq 2; and string match -q -- '-*' $parts[1]
        $argv[1] "$parts[2]" | string replace -r '^' -- "$parts[1]="
    else
        $argv[1] (commandline -ct)
    end
end
complete -c gantry -f -a '(__gantry_complete)'
