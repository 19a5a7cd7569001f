"""filled in later"""
