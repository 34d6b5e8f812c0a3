{{- define "toolrack.name" -}}
{{- $name := ternary .Release.Name (printf "%s-toolrack" .Release.Name) (contains "toolrack" .Release.Name) -}}
{{- $name | trunc 48 | trimSuffix "-" }}
{{- end }}

{{- define "toolrack.selector" -}}
app.kubernetes.io/name: toolrack
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "toolrack.labels" -}}
{{ include "toolrack.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimAll "._-" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "toolrack.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* The ConfigMap with plugins; nothing where there is none. */}}
{{- define "toolrack.pluginMap" -}}
{{- if .Values.plugins.configMap }}{{ .Values.plugins.configMap }}
{{- else if or .Values.plugins.files .Values.plugins.binaries }}{{ include "toolrack.name" . }}-plugins
{{- end }}
{{- end }}

{{/* The directory with the plugins of `plugins.image`. */}}
{{- define "toolrack.bundle" -}}
{{- if eq .Values.plugins.image.delivery "copy" }}/bundle{{ else }}/bundle{{ .Values.plugins.image.path | trimSuffix "/" }}{{ end }}
{{- end }}

{{/* Plugin directories, the first has precedence. */}}
{{- define "toolrack.directories" -}}
{{- $all := list }}
{{- if include "toolrack.pluginMap" . }}{{ $all = append $all "/manifests" }}{{ end }}
{{- if .Values.plugins.image.reference }}{{ $all = append $all (include "toolrack.bundle" .) }}{{ end }}
{{- if .Values.plugins.included }}{{ $all = append $all "/plugins" }}{{ end }}
{{- join ":" $all }}
{{- end }}

{{/* The directory whose plugins `plugins.decisions` are for. */}}
{{- define "toolrack.decided" -}}
{{- if .Values.plugins.image.reference }}/bundle{{ else }}/plugins{{ end }}
{{- end }}

{{/* The configuration of the image, with what has values. */}}
{{- define "toolrack.configuration" -}}
{{- $name := include "toolrack.name" . }}
{{- $namespace := .Release.Namespace }}
{{- $own := list $name (printf "%s.%s" $name $namespace) (printf "%s.%s.svc" $name $namespace) (printf "%s.%s.svc.cluster.local" $name $namespace) -}}
# The administrator's configuration: what this chart has values for. `config` counts beside it.

[serve]
log_format = "json"
{{- if .Values.metrics.enabled }}
metrics = "0.0.0.0:{{ .Values.metrics.port }}"
{{- end }}

[http]
address = "0.0.0.0:8080"
hosts = {{ concat $own .Values.hosts | uniq | toJson }}
drain_delay = "{{ .Values.drain.delaySeconds }}s"
grace = "{{ .Values.drain.graceSeconds }}s"
{{- if .Values.sessionKey.secret }}
session_key_file = "/run/toolrack/session.key"
{{- if .Values.sessionKey.secondKey }}
second_session_key_file = "/run/toolrack/second.key"
{{- end }}
{{- end }}
{{- if .Values.tls.secret }}
tls_cert = "/run/tls/tls.crt"
tls_key = "/run/tls/tls.key"
{{- end }}
{{- with .Values.redis }}
{{- if .url }}

[redis]
url = {{ .url | toJson }}
prefix = {{ .prefix | toJson }}
{{- if .secret }}
password_file = "/run/redis/password"
{{- if .caKey }}
ca_file = "/run/redis/ca.crt"
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Of every container. Nothing of it is needed by the server. */}}
{{- define "toolrack.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
