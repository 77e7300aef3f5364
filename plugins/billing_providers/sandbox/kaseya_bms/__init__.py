"""The twin of Kaseya BMS: V2 of the REST API as published, and on demand a tenant's own calls for contract lines."""
