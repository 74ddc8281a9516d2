"""SLOs: ``burn`` has the rules, ``status`` how one stands, ``alerts`` when that is told, ``services``
what may change."""
