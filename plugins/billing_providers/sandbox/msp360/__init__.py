"""The twin of the MSP360 Managed Backup API, as far as billing needs it. ``choices.py`` says what is assumed."""
