"""SLOs: ``burn`` has the rules, ``standing`` how one stands, ``alerts`` when that is told, ``services``
what may change."""
