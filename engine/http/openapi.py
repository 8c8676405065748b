"""placeholder"""


def document():
    return {}
