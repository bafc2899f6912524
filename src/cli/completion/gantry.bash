# Completion of gantry for bash: source <(gantry completion bash)
_gantry() {
  local current line word reply
  current=${COMP_WORDS[COMP_CWORD]}
  # Behind `-flag=` the sign is a word of its own, and what is replaced begins behind it.
  [ "$current" = "=" ] && current=
  COMPREPLY=()
  reply=$(gantry completion bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
  while IFS= read -r line; do
    case $line in
    '') ;;
    :files) compopt -o filenames; while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current") ;;
    :folders) compopt -o filenames; while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$current") ;;
    *)
      word=${line%%$'\t'*}
      case $word in *= | *.) compopt -o nospace ;; esac
      printf -v word %q "$word"
      COMPREPLY+=("$word")
      ;;
    esac
  done <<<"$reply"
}
complete -F _gantry gantry
