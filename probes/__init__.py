"""The edge plane: one check in, one result out. Plain Python: neither Django nor a database driver."""
