"""What becomes of raw results that are purged: they are written to ``ARCHIVE_URL``, if there is one, and only
then deleted. So a row is in the database or in the archive, once.

``writing.py`` purges through it, ``lines.py`` is the format, ``stores.py`` are a folder and a bucket.
"""
