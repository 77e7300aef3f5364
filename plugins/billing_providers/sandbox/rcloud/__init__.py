"""rCloud's usage file, as spreadsheets and exports really write it. rCloud itself has no API that is known."""
