"""What the network says about each piece of a text; the order is the order of its outputs."""

from leitstand.privacy.entities import EntityType

BEGINS = ("PERSON", "ORG", "ADDRESS")
"""Types whose first word has a label of its own, so that neighbours stay apart (`Anna, Layla und Max`)."""

LABELS = ("O", "LOC", "PUBLIC", *(type_.value for type_ in EntityType), *(f"B-{name}" for name in BEGINS))
"""No personal data: O, LOC (a place that is no address), PUBLIC (public bodies, brands). All others are."""
