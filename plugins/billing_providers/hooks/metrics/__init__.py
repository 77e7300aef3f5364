"""Parts of the sources that read the metrics of Kaseya modules: which modules count, the rows, and the whole file."""
