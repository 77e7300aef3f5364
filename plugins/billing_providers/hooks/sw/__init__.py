"""Parts of the Sherweb hook: signing in, reading calls alone, what a charge is and costs, and the records made."""
