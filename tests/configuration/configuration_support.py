"""An installation in a folder, the example file, and what the editor wrote into the audit trail."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from leitstand.configuration.apply import Editor
from leitstand.journal.records import Record

EXAMPLE = """\
organisation: {name: Musterwerk GmbH, state: BW, timezone: Europe/Berlin, language: de, currency: EUR}
providers:
  - name: openai-eu
    kind: openai
    base_url: https://eu.api.openai.com/v1
    api_key: env:OPENAI_API_KEY
    region: eu
    dpa: {signed: 2026-01-15, expires: 2028-01-15}
    timeouts: {connect: 5, first_token: 20, idle: 30, total: 300}
    limits: {requests_per_minute: 500, tokens_per_minute: 200000, concurrency: 50}
  - {name: hier, kind: openai_compatible, base_url: "http://10.0.0.5:8000/v1", api_key: geheim-123, region: local}
  - {name: zitate, kind: extractive}
models:
  - name: standard
    strategy: priority
    cache: true
    targets: [{provider: openai-eu, model: gpt-4o-mini}, {provider: hier, model: llama, weight: 0.5}]
use_cases:
  - {name: angebote, department: vertrieb, data_class: confidential, models: [standard], budget: {eur_per_month: 300}}
users:
  - {name: anna, email: anna@musterwerk.example, department: vertrieb, role: user}
limits:
  - {scope: "user:*", tokens_per_day: 200000, requests_per_minute: 60}
  - {scope: company, eur_per_month: 4000.50, at_limit: "downgrade:standard"}
prices:
  - {provider: openai-eu, model: gpt-4o-mini, input: 0.15, cached_input: 0.075, output: 0.60, currency: USD}
policy:
  public: {regions: [eu, us, other, local], pseudonymise: false, dpa: false}
  special: {regions: [local], pseudonymise: true, dpa: true}
alerts: {channels: [{name: hook, kind: webhook, url: "http://127.0.0.1:9/x"}]}
exchange_rates:
  - {currency: USD, date: 2026-11-02, per_euro: 1.0834}
privacy: {allow: [Musterwerk GmbH], always: [Projekt Adler], never: [DIN]}
"""


@dataclass
class Installation:
    data: Path
    engine: Engine
    records: list[Record]
    editor: Editor
