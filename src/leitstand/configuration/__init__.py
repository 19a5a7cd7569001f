"""Configuration: what the installation is set to, by file, by page and by command.

In: a YAML file, or one object from a page. Out: a typed `Configuration`, findings with lines, audit records.
Must not know: requests, rights of people, how providers are spoken to.
"""
