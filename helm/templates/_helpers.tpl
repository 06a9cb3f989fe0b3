{{/* Names, labels and the connector's own file. */}}

{{- define "connector.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "connector.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "connector.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "connector.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "connector.selectorLabels" -}}
app.kubernetes.io/name: {{ include "connector.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "connector.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "connector.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "connector.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "connector.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* connector.yaml: what the user wrote, and the paths and address that follow from how the chart mounts it. */}}
{{- define "connector.settings" -}}
{{- $settings := deepCopy .Values.settings }}
{{- $servers := required "settings.kafka.bootstrap\\.servers is required: the Kafka brokers, e.g. kafka-bootstrap.kafka:9092" (index $settings.kafka "bootstrap.servers") }}
{{- $_ := set $settings "mapping" "mapping.yaml" }}
{{- $schemas := default dict $settings.schemas }}
{{- if .Values.schemas }}
{{- $_ := set $schemas "directory" "." }}
{{- else if not $schemas.registry }}
{{- $_ := required "schemas or settings.schemas.registry is required: where the Avro schemas are" "" }}
{{- end }}
{{- $_ := set $settings "schemas" $schemas }}
{{- $_ := set $settings.admin "host" "0.0.0.0" }}
{{- toYaml $settings }}
{{- end }}

{{- define "connector.mapping" -}}
{{- $mapping := required "mapping is required: which event becomes which Adjust event, e.g. --set-file mapping=mapping.yaml" .Values.mapping }}
{{- if kindIs "string" $mapping }}
{{- $mapping }}
{{- else }}
{{- toYaml $mapping }}
{{- end }}
{{- end }}

{{/* The drain, and what comes after it: commit, flush, close. */}}
{{- define "connector.terminationGracePeriodSeconds" -}}
{{- $drain := 20.0 }}
{{- with .Values.settings.delivery }}
{{- if hasKey . "drain_timeout_s" }}{{ $drain = .drain_timeout_s }}{{ end }}
{{- end }}
{{- addf (float64 $drain) (float64 .Values.terminationMarginSeconds) | ceil | int64 }}
{{- end }}
