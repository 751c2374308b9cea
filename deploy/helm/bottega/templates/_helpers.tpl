{{- define "bottega.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "bottega.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "bottega.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "bottega.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "bottega.selector" -}}
app.kubernetes.io/name: {{ include "bottega.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "bottega.labels" -}}
{{ include "bottega.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end -}}

{{- define "bottega.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "bottega.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "bottega.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What cannot work is refused here rather than found out at night. */}}
{{- define "bottega.check" -}}
{{- if .Values.data.enabled -}}
{{- if or (ne (int .Values.server.replicas) 1) .Values.server.autoscaling.enabled -}}
{{- fail "data.enabled is SQLite in one volume: set server.replicas to 1 and no autoscaling, or use PostgreSQL and S3 (secretName)" -}}
{{- end -}}
{{- if or (gt (int .Values.worker.replicas) 0) .Values.worker.autoscaling.enabled -}}
{{- fail "data.enabled is SQLite in one volume, which workers cannot reach: set worker.replicas to 0 and no autoscaling" -}}
{{- end -}}
{{- else if not .Values.secretName -}}
{{- fail "set secretName to a Secret with BOTTEGA_DATABASE and BOTTEGA_STORAGE, or data.enabled for one server with SQLite" -}}
{{- end -}}
{{- end -}}

{{/* Pods run as a user without rights, in a root that cannot be written. */}}
{{- define "bottega.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "bottega.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Environment of servers and workers. */}}
{{- define "bottega.env" -}}
- name: BOTTEGA_LOG_FORMAT
  value: json
{{- range $name, $value := .Values.settings }}
- name: {{ printf "BOTTEGA_%s" ($name | upper | replace "-" "_") }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- with .Values.tracing.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
- name: OTEL_TRACES_SAMPLER
  value: traceidratio
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ $.Values.tracing.ratio | toString | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
