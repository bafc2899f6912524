# Completion of gantry for nushell: gantry completion nushell | save -f ~/.config/nushell/autoload/gantry.nu
let gantry_others = $env.config.completions?.external?.completer?
$env.config.completions.external.enable = true
$env.config.completions.external.completer = {|spans|
  if $spans.0 == "gantry" {
    let lines = (^gantry completion nushell -- ...($spans | skip 1) | lines)
    # Nothing at all lets nushell offer files.
    if ($lines | any {|line| $line in [":files" ":folders"] }) { null } else {
      $lines | each {|line|
        let parts = ($line | split row -n 2 "\t")
        { value: $parts.0, description: ($parts.1? | default "") }
      }
    }
  } else if $gantry_others != null { do $gantry_others $spans } else { null }
}
