"""The same recipe on a Ray cluster.

Ray Data reads the seeds and deals them out in blocks; each block is an ordinary run of the engine
in a folder on the disk of the machine that works on it, without filters, whose journal and samples
are shipped to the storage that all machines share. The driver plans, keeps the budget, and filters
when all blocks are there.

`connect` begins and ends the connection: inside it Ray's workers have this package, the recipe's
plug-ins and its templates. Nothing here is imported unless a run is to be on a cluster.
"""
