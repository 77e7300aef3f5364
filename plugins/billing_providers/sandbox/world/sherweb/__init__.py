"""Subscriptions that the MSP resells from Sherweb, and what a right run makes of them in its Kaseya BMS."""
