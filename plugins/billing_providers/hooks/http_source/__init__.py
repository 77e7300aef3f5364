"""Parts of the generic HTTP source: its connection, its request, its pages, and what is checked in its answer."""
