"""Wire: the formats that AI providers speak, without any network.

In: prompts of the house, bytes of answers. Out: bytes of requests, frames of the house.
Must not know: addresses, secrets, time-outs.
"""
