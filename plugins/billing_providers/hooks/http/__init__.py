"""One HTTP client for every hook: few, honest calls, typed errors, nothing sent twice that must not be."""
