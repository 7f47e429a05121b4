/** The script for bash, 3.2 of macOS included. */
export const bash = `# Completion of hasura-migrate for bash 3.2 and later. In ~/.bashrc:
#   eval "$(hasura-migrate completion bash)"
_hasura_migrate() {
  local line kind= program=$1
  case $1 in "~/"*) program=$HOME/\${1#*/} ;; esac
  COMPREPLY=()
  while IFS= read -r line; do
    if [ -z "$kind" ]; then
      kind=$line
    elif [ "$kind" = words ]; then
      COMPREPLY+=("$line")
    fi
  done < <("$program" --complete bash "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
  case $kind in
    words) compopt -o nosort 2>/dev/null ;;
    files) compopt -o default 2>/dev/null ;;
    directories) compopt -o dirnames 2>/dev/null ;;
  esac
}
if [ "\${BASH_VERSINFO[0]}" -lt 4 ]; then
  complete -o default -F _hasura_migrate hasura-migrate
else
  complete -F _hasura_migrate hasura-migrate
fi
`;
