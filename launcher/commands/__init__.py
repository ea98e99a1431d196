"""Commands of ``python -m launcher``: one module each, with ``add_arguments`` and ``run``."""
