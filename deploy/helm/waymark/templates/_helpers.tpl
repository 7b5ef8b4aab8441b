{{- define "waymark.name" -}}
{{- .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-waymark" .Release.Name) (contains "waymark" .Release.Name)) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "waymark.selector" -}}
app.kubernetes.io/name: waymark
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "waymark.labels" -}}
{{- with .Values.extraLabels }}
{{- toYaml . }}
{{- end }}
{{ include "waymark.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "waymark.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- /* "true" if there can be more than one replica. */}}
{{- define "waymark.several" -}}
{{- if or (gt (int .Values.replicaCount) 1) .Values.autoscaling.enabled }}true{{ end }}
{{- end }}

{{- /* A checksum of the settings that Waymark reads only at its start. It changes the
pod template, so that Kubernetes replaces the pods. All other settings are reloaded. */}}
{{- define "waymark.restart" -}}
{{- $s := .Values.settings }}
{{- dict "log" $s.log "connections" ($s.limits | default dict).connections "tracing" $s.tracing "resolver" ($s.ops | default dict).resolver | toJson | sha256sum }}
{{- end }}

{{- /* waymark.yaml: the operator's settings and those of the chart. */}}
{{- define "waymark.settings" -}}
{{- if not .Values.settings.providers }}
{{- fail "settings.providers is empty: describe your mail servers there, see docs/configuration.md" }}
{{- end }}
{{- if not (or .Values.settings.domains .Values.settings.directory) }}
{{- fail "settings.domains and settings.directory are empty: list the domains to answer for" }}
{{- end }}
{{- if include "waymark.several" . }}
{{- if not .Values.signing.secretName }}
{{- fail "several replicas require a shared identity that signs Apple profiles: set signing.secretName" }}
{{- end }}
{{- if not .Values.links.secretName }}
{{- fail "several replicas require a shared key for links: set links.secretName" }}
{{- end }}
{{- end }}
{{- $settings := deepCopy .Values.settings }}
{{- $_ := set $settings "listen" ":8080" }}
{{- $_ := set $settings "ops" (set ($settings.ops | default dict) "listen" ":9090") }}
{{- if .Values.signing.secretName }}
{{- $_ := set $settings "signing" (merge (dict "cert_file" "/run/secrets/waymark/signing/tls.crt" "key_file" "/run/secrets/waymark/signing/tls.key") ($settings.signing | default dict)) }}
{{- end }}
{{- if .Values.links.secretName }}
{{- $pages := $settings.pages | default dict }}
{{- $_ := set $pages "keys" (list "${file:/run/secrets/waymark/links/key}") }}
{{- $_ := set $settings "pages" $pages }}
{{- end }}
{{- toYaml $settings }}
{{- end }}
