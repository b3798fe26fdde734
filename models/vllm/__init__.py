"""A managed vLLM server: started for a run on a free port, shared by all who want the same one,
and ended with all of its processes when the last of them has gone."""
