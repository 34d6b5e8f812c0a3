{{/* Values that cannot work together. Each sentence says which, and what to do. */}}
{{- define "toolrack.check" -}}
{{- $v := .Values }}
{{- if not $v.image.repository }}
  {{- fail "image.repository is empty: name the image that was pushed, as in --set image.repository=registry.example/toolrack" }}
{{- end }}
{{- if and (eq $v.image.tag "latest") (not $v.image.digest) }}
  {{- fail "image.tag is `latest`: replicas would run whatever it stands for when each starts; name a version, or image.digest" }}
{{- end }}
{{- $hasIssuers := regexMatch `(?m)^\s*\[auth\]` $v.config }}
{{- $isOpen := regexMatch `(?m)^\s*(http\s*\.\s*)?allow_unauthenticated\s*=\s*true` $v.config }}
{{- if not (or $v.tokens.secret $hasIssuers $isOpen) }}
  {{- fail "tokens.secret is empty, and config has no [auth]: the server would not start, since everybody could use it; name a Secret that holds tokens.json, as in --set tokens.secret=toolrack-tokens" }}
{{- end }}
{{- $replicas := ternary $v.autoscaling.maxReplicas $v.replicas $v.autoscaling.enabled | int }}
{{- if and (gt $replicas 1) (not $v.sessionKey.secret) }}
  {{- fail (printf "%s is %d, and sessionKey.secret is empty: each replica would have a key of its own and refuse the sessions of the others; name a Secret with a shared key, made by `kubectl create secret generic toolrack-session --from-literal=session.key=$(openssl rand -hex 32)`" (ternary "autoscaling.maxReplicas" "replicas" $v.autoscaling.enabled) $replicas) }}
{{- end }}
{{- if and $v.sessionKey.secondKey (not $v.sessionKey.secret) }}
  {{- fail (printf "sessionKey.secondKey is %s, and sessionKey.secret is empty: name the Secret that holds it" $v.sessionKey.secondKey) }}
{{- end }}
{{- if and $v.sessionKey.secondKey (eq $v.sessionKey.secondKey $v.sessionKey.key) }}
  {{- fail (printf "sessionKey.key and sessionKey.secondKey are both %s: name the other key, or leave secondKey empty" $v.sessionKey.key) }}
{{- end }}
{{- $owned := regexFind `(?m)^\s*((http|serve)\s*\.\s*)?["']?(address|hosts|grace|drain_delay|session_key_file|second_session_key_file|metrics|plugins|tls_cert|tls_key)["']?\s*=` $v.config }}
{{- if $owned }}
  {{- $key := $owned | trim | trimSuffix "=" | trim | trimAll "\"'" | splitList "." | last | trim }}
  {{- $value := get (dict "address" "service.port" "hosts" "hosts" "grace" "drain.graceSeconds" "drain_delay" "drain.delaySeconds" "session_key_file" "sessionKey.secret" "second_session_key_file" "sessionKey.secondKey" "metrics" "metrics.enabled" "plugins" "plugins" "tls_cert" "tls.secret" "tls_key" "tls.secret") $key }}
  {{- fail (printf "config sets `%s`, which is this chart's: take it out, and set the value %s" $key $value) }}
{{- end }}
{{- if and $v.redis.url (not $v.sessionKey.secret) }}
  {{- fail "redis.url is set, and sessionKey.secret is empty: kept answers are shared only by servers with a key in common; name a Secret with a shared key, made by `kubectl create secret generic toolrack-session --from-literal=session.key=$(openssl rand -hex 32)`" }}
{{- end }}
{{- if and $v.redis.secret (not $v.redis.url) }}
  {{- fail (printf "redis.secret is %s, and redis.url is empty: name the Redis whose password it has, as in redis://redis.%s.svc" $v.redis.secret .Release.Namespace) }}
{{- end }}
{{- if and $v.redis.caKey (not $v.redis.secret) }}
  {{- fail (printf "redis.caKey is %s, and redis.secret is empty: name the Secret that holds it" $v.redis.caKey) }}
{{- end }}
{{- if and $v.redis.caKey (not (hasPrefix "rediss://" $v.redis.url)) }}
  {{- fail (printf "redis.caKey is %s, and redis.url is %s, which is not over TLS: write rediss:// there, or leave caKey empty" $v.redis.caKey $v.redis.url) }}
{{- end }}
{{- if and $v.redis.url (regexMatch `(?m)^\s*(\[\s*["']?redis["']?\s*\]|["']?redis["']?\s*[.=])` $v.config) }}
  {{- fail "redis.url is set, and config has [redis], which would count in its place: keep one of the two" }}
{{- end }}
{{- if and $v.redis.url $v.networkPolicy.enabled (not $v.networkPolicy.redis) }}
  {{- fail "redis.url is set, and networkPolicy.redis is empty: the pods would not reach it; name the peers that are the Redis, or set networkPolicy.enabled=false" }}
{{- end }}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) }}
  {{- fail (printf "autoscaling.minReplicas is %d, more than autoscaling.maxReplicas, %d" (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) }}
{{- end }}
{{- with ($v.resources.limits).cpu }}
  {{- $limit := toString . }}
  {{- $thousandths := ternary (trimSuffix "m" $limit | float64) (mulf (float64 $limit) 1000) (hasSuffix "m" $limit) }}
  {{- if lt $thousandths 1000.0 }}
    {{- fail (printf "resources.limits.cpu is %s, less than 1: compiling a plugin would take many times as long, and short calls would meet the quota; leave the limit out, and set resources.requests.cpu" $limit) }}
  {{- end }}
{{- end }}
{{- $plugins := $v.plugins }}
{{- if and $plugins.configMap (or $plugins.files $plugins.binaries) }}
  {{- fail "plugins.configMap names a ConfigMap, and plugins.files or plugins.binaries would make one: keep one of the two" }}
{{- end }}
{{- $bytes := 0 }}
{{- range $plugins.files }}{{ $bytes = add $bytes (len .) }}{{ end }}
{{- range $plugins.binaries }}{{ $bytes = add $bytes (div (mul (len (nospace .)) 3) 4) }}{{ end }}
{{- if gt $bytes 1048576 }}
  {{- fail "plugins.files and plugins.binaries have more than 1,048,576 bytes together, and a ConfigMap holds 1 MiB: put them into an image, and name it under plugins.image" }}
{{- end }}
{{- if not (include "toolrack.directories" .) }}
  {{- fail "plugins.included is false, and no other plugins are named: name plugins.image.reference, plugins.configMap or plugins.files" }}
{{- end }}
{{- with $plugins.image }}
  {{- if .reference }}
    {{- $hasDigest := contains "@sha256:" .reference }}
    {{- $tag := regexFind `:[^/:@]+$` .reference }}
    {{- if not (or $hasDigest (and $tag (ne $tag ":latest"))) }}
      {{- fail (printf "plugins.image.reference is `%s`, which may be another image for each replica: name a digest, as in registry.example/plugins@sha256:..., or a version" .reference) }}
    {{- end }}
    {{- if and (eq .delivery "volume") (semverCompare "<1.35.0-0" $.Capabilities.KubeVersion.Version) }}
      {{- fail (printf "plugins.image.delivery is `volume`, and this is Kubernetes %s: image volumes need 1.35; set plugins.image.delivery=copy" $.Capabilities.KubeVersion.Version) }}
    {{- end }}
    {{- if and (eq .delivery "volume") $plugins.decisions }}
      {{- fail "plugins.decisions are files beside the plugins, and the volume of plugins.image cannot be written: set plugins.image.delivery=copy, or put NAME.local.toml into that image" }}
    {{- end }}
    {{- if and (eq .delivery "volume") .command }}
      {{- fail "plugins.image.command is for plugins.image.delivery=copy; a volume runs nothing" }}
    {{- end }}
  {{- else if and $plugins.decisions (not $plugins.included) }}
    {{- fail "plugins.decisions are for plugins of an image, and none is served: put NAME.local.toml beside the manifest, under plugins.files" }}
  {{- end }}
{{- end }}
{{- if and $v.metrics.serviceMonitor.enabled (not $v.metrics.enabled) }}
  {{- fail "metrics.serviceMonitor.enabled is true, and metrics.enabled is false: there would be nothing to scrape; set metrics.enabled=true" }}
{{- end }}
{{- if and $v.metrics.enabled $v.networkPolicy.enabled (not $v.networkPolicy.prometheus) }}
  {{- fail "metrics.enabled is true, and networkPolicy.prometheus is empty: nobody would reach the metrics; name the peers that scrape, or set networkPolicy.enabled=false" }}
{{- end }}
{{- if eq (int $v.metrics.port) 8080 }}
  {{- fail "metrics.port is 8080, where clients are served: choose another port" }}
{{- end }}
{{- end }}
