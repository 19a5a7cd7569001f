"""The tagger: a small neural network, part of the product, that reads names where no rule can know them.

In: a text. Out: entities with their probability, for each word that may be personal data.
Must not know: rules, word lists, placeholders, the request that the text comes from.
"""
