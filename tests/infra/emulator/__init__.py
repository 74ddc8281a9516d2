"""AWS on loopback: moto's server, what it lacks of the little that Zappa and our templates need, and what AWS
refuses and moto does not. Ask of every part of it: what would the real AWS refuse?

- ``server``: an emulator that is started with ``with``; every call is read, checked, answered
- ``constraints``, ``calls``: any call's parameters against AWS's own service models
- ``resources``: any resource's properties against AWS's own registry of types
- ``stacks``: in which state a stack may be changed, what a failed creation leaves
- ``rules``, ``account``, ``functions``: what stands in no model, service by service
- ``invoking``: calls of functions, and their logs
- ``formation``: what moto's CloudFormation cannot make
"""

from tests.infra.emulator.calls import Refused
from tests.infra.emulator.formation import ACCOUNT, MADE, REGION, STAND_INS, decode, resources_of
from tests.infra.emulator.server import Emulator

__all__ = ["ACCOUNT", "MADE", "REGION", "STAND_INS", "Emulator", "Refused", "decode", "resources_of"]
