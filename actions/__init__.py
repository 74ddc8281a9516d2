"""What a person, or the API for them, can do: one function for each thing.

Each function is one transaction, and everything that follows from it stands in its body. Views, admin,
commands and imports call these functions. Where nothing outside an app follows, they call its services.
"""
