"""The twin of Autotask PSA: the part of REST API 1.0 that recurring services need, as treacherous as is known."""
