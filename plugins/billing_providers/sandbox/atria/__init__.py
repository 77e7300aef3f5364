"""The twin of the Atria billing API. Path, bearer token and the end date are documented; field names are ours."""
