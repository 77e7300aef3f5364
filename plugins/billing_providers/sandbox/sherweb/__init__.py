"""The twin of Sherweb's Distributor and Service Provider APIs, as far as billing needs them. ``choices.py`` says what
is assumed.
"""
