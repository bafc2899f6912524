%{ for v in x ~}
- ${v}
%{ endfor ~}
