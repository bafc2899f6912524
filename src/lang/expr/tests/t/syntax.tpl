line
  ${x y}
