"""Outboxes: a message is written in the transaction of the change that it tells of, sent later, and settled
by its receipt. So a kill -9 loses none."""
