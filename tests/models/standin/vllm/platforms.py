import os


class current_platform:
    device_type = os.environ.get("STANDIN_DEVICE", "cpu")
