"""The SQL database of what was read, decided, written and seen. README.md says what it is and what it is not."""
