"""SLA reports of a month: ``figures`` reads them, ``freezing`` keeps them, ``telling`` and ``page`` show
them."""
