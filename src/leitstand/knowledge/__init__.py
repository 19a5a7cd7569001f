"""Knowledge: the company's documents, found again by their words.

In: files, and questions. Out: passages with their place, and the sentences worth quoting.
Must not know: models, providers, who asks, prompts.
"""
