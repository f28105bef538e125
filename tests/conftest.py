"""What all tests take: `--all` for those that take long and seldom find what the others don't."""


def pytest_addoption(parser) -> None:
    parser.addoption("--all", action="store_true", help="also the rarer models, and fixed sizes")


def pytest_configure(config) -> None:
    config.addinivalue_line("markers", "rare: run with --all only")


def pytest_collection_modifyitems(config, items) -> None:
    if not config.getoption("--all"):
        items[:] = [item for item in items if item.get_closest_marker("rare") is None]
