"""Policy: may this be asked, and where may it go?

In: a caller, a prompt's data class, the rulebook. Out: a decision with its reasons: allowed targets, or a refusal.
Must not know: prompt texts, originals, money spent; it never sends anything.
"""
