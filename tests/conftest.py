"""What holds for all tests: settings of the person who runs them stay outside."""

import os


def pytest_configure() -> None:
    """No IVR_ variable from outside may change a test; only the test data's place may be told."""
    for name in list(os.environ):
        if name.startswith("IVR_") and name != "IVR_TESTDATA":
            del os.environ[name]
