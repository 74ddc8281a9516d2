"""The edge plane: one check in, one result out. Plain Python; it loads neither Django nor a database driver."""
