"""Statistics: agreement, calibration, biases, one label from many. Heavy imports wait for use."""

__all__: list[str] = []
