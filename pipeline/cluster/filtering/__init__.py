"""Filters over a dataset on a Ray cluster, with the result of one machine.

The driver reads the samples once and lays them into Ray's object store in shards; it keeps a byte
for each sample, what is said of those that go, and no texts. Row filters work on shards. A dataset
filter that a cluster can run has a module of its kind here, which uses the filter's own functions
and rules, so that the same samples go for the same reasons; any other is decided in the driver
process, and `in_driver` says which these are.

Ray's tasks and objects are used as they are, and not Ray Data's shuffle: what is shuffled here are
sorted arrays, whose parts are known before, and a task that is lost with its machine is done again
from the shards.
"""

from .deciding import decide_on_cluster, deciding_on_cluster, in_driver

__all__ = ["decide_on_cluster", "deciding_on_cluster", "in_driver"]
