"""`exitbrain version` and `exitbrain doctor`: what runs here, and whether it works."""

from __future__ import annotations

from exitbrain.cli.options import AsJson


def version_command(as_json: AsJson = False) -> None:
    """Print the version."""
    from exitbrain import __version__

    if as_json:
        import json

        print(json.dumps({"version": __version__}))
    else:
        print(f"exitbrain {__version__}")


def doctor_command(as_json: AsJson = False) -> None:
    """Check this installation: packages, kernel cache, report page, demo data, a small run of known result."""
    from exitbrain.cli.doctor import print_findings

    print_findings(as_json=as_json)
