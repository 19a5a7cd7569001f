"""Monitoring: figures over time, rules on them, and the way from a broken rule to whoever mends it.

In: journal rows, the state of providers, rules, a calendar. Out: alerts, notices through channels, incidents.
Must not know: pages, wire formats of providers, prompt or answer text, what single persons do.
"""
