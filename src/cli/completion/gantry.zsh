#compdef gantry
# Completion of gantry for zsh: gantry completion zsh > "${fpath[1]}/_gantry", or source <(gantry completion zsh)
_gantry() {
  local line word about
  local -a plain open plain_about open_about
  for line in "${(@f)$(gantry completion zsh -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) compset -P '*='; _files ;;
      :folders) compset -P '*='; _files -/ ;;
      *)
        word=${line%%$'\t'*}
        about=${line#*$'\t'}
        [[ $about = $line || -z $about ]] && about= || about=" -- $about"
        if [[ $word = *[=.] ]]; then open+=("$word"); open_about+=("$word$about")
        else plain+=("$word"); plain_about+=("$word$about"); fi
        ;;
    esac
  done
  (( $#plain )) && compadd -l -d plain_about -- "$plain[@]"
  (( $#open )) && compadd -S '' -l -d open_about -- "$open[@]"
  return 0
}
if [ "$funcstack[1]" = _gantry ]; then _gantry "$@"; else compdef _gantry gantry; fi
