/** The script for fish. */
export const fish = String.raw`# Completion of hasura-migrate for fish 3 and later:
#   hasura-migrate completion fish > ~/.config/fish/completions/hasura-migrate.fish
function __hasura_migrate_complete
    set -l words (commandline -opc)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    set -l lines ($program --complete fish $words (commandline -ct) 2>/dev/null)
    set -l kind $lines[1]
    set -e lines[1]
    switch "$kind"
        case files
            for path in (__fish_complete_path "$lines[2]")
                printf '%s%s\n' "$lines[1]" $path
            end
        case directories
            for path in (__fish_complete_directories "$lines[2]" '')
                printf '%s%s\n' "$lines[1]" $path
            end
        case words
            if set -q lines[1]
                printf '%s\n' $lines
            end
    end
end
complete -c hasura-migrate -f -k -a '(__hasura_migrate_complete)'
`;
