"""The twin of the Datto RMM API v2, as far as counting devices needs it. ``choices.py`` says what is assumed."""
