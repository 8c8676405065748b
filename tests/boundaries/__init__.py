"""The boundaries of money and time: whether the tests notice when one of them is moved by one."""
