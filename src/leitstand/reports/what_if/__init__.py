"""What-if: the real traffic of a period under other models, prices, caches and caps, calculated from its records.

    scenario ─▶ measured (tokens, tiers) ─▶ day ─▶ day ─▶ … ─▶ result (cost, speed, what is not known)
In: journal records, a scenario, the rules and prices in force. Out: a result with intervals; nothing is asked or changed.
Must not know: prompt or answer text, persons, pages.
"""
