"""Parts of the MSP360 hook: signing in, whose usage a row is, what is read, and the records made of it."""
