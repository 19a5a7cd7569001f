"""Leitstand: the control room from which a company runs its AI."""

__version__ = "0.1.0"
