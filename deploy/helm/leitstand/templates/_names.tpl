{{- define "leitstand.name" -}}
{{- if contains "leitstand" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-leitstand" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "leitstand.labels" -}}
app.kubernetes.io/name: leitstand
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* part: gateway, worker, postgresql or valkey */ -}}
{{- define "leitstand.selector" -}}
app.kubernetes.io/name: leitstand
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "leitstand.secret" -}}
{{- if .Values.trial.enabled }}{{ include "leitstand.name" . }}-trial{{ else }}{{ required "secret.existing: name the secret with the keys database-url, valkey-url and master-key, or set trial.enabled" .Values.secret.existing }}{{ end }}
{{- end }}

{{- define "leitstand.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* the parts of a pod that gateway and worker have in common; user: its uid */ -}}
{{- define "leitstand.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .user }}
fsGroup: {{ .user }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "leitstand.environment" -}}
- name: LEITSTAND_DATA
  value: /data
- name: LEITSTAND_DATABASE
  value: file:/run/secrets/leitstand/database-url
- name: LEITSTAND_VALKEY
  value: file:/run/secrets/leitstand/valkey-url
- name: LEITSTAND_MASTER_KEY
  value: file:/run/secrets/leitstand/master-key
- name: LEITSTAND_JOBS
  value: worker
- name: LEITSTAND_DRAIN
  value: {{ .Values.drainSeconds | quote }}
- name: LEITSTAND_GRACE
  value: {{ .Values.graceSeconds | quote }}
{{- range $name, $value := .Values.environment }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "leitstand.mounts" -}}
- name: data
  mountPath: /data
- name: scratch
  mountPath: /tmp
- name: secrets
  mountPath: /run/secrets/leitstand
  readOnly: true
{{- end }}

{{- define "leitstand.volumes" -}}
- name: scratch
  emptyDir:
    sizeLimit: 1Gi
- name: secrets
  secret:
    secretName: {{ include "leitstand.secret" . }}
    defaultMode: 288    # 0440
{{- end }}

{{- define "leitstand.claim" -}}
- metadata:
    name: data
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .className }}
    storageClassName: {{ . }}
    {{- end }}
    resources:
      requests:
        storage: {{ .size }}
{{- end }}

{{- define "leitstand.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
