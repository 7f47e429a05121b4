/** The script for zsh. */
export const zsh = `#compdef hasura-migrate
# Completion of hasura-migrate for zsh. In ~/.zshrc:
#   source <(hasura-migrate completion zsh)
_hasura_migrate() {
  local line kind program="\${(Q)words[1]}"
  local -a lines found shown
  program="\${program/#\\~\\//$HOME/}"
  lines=("\${(@f)$("$program" --complete zsh "\${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  kind="$lines[1]"
  case "$kind" in
    files|directories)
      [[ -n "$lines[2]" ]] && compset -P '*='
      if [[ "$kind" == files ]]; then _files; else _files -/; fi
      return
      ;;
  esac
  for line in "\${(@)lines[2,-1]}"; do
    [[ -n "$line" ]] || continue
    found+=("\${line%%$'\\t'*}")
    if [[ "$line" == *$'\\t'* ]]; then
      shown+=("\${line/$'\\t'/  -- }")
    else
      shown+=("$line")
    fi
  done
  (( $#found )) || return 1
  if [[ "\${shown[*]}" == *'  -- '* ]]; then
    compadd -V hasura-migrate -l -d shown -a found
  else
    compadd -V hasura-migrate -a found
  fi
}
if [ "$funcstack[1]" = "_hasura-migrate" ]; then
  _hasura_migrate "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
  compdef _hasura_migrate hasura-migrate
fi
`;
