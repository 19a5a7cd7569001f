"""Pictures: text in images is read in the house and what is personal in it is covered before they leave.

In: the bytes of an image. Out: what is written in it and where, and the same image with boxes over places.
Must not know: what counts as personal, placeholders and their numbers, prompts, who asks.
"""
