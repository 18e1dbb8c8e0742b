"""Ask the database of known faults about every requirement of a file; status 1 where one has any.

A machine that reaches no database, or one that does not know a package, audits nothing: that is said, and is no failure.
"""

from __future__ import annotations

import json
import subprocess
import sys

LONGEST_S = 300


def main(requirements: str) -> int:
    """Print what is known of each requirement, and return the status."""
    command = ["pip-audit", "--no-deps", "--disable-pip", "--format", "json", "--requirement", requirements]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)  # noqa: S603
        every = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError) as error:
        print(f"nothing was audited: pip-audit could not ask ({type(error).__name__})")  # noqa: T201
        return 0
    skipped = [one for one in every if "skip_reason" in one]
    faulty = [one for one in every if one.get("vulns")]
    print(f"{len(every) - len(skipped)} of {len(every)} audited, {len(faulty)} with known faults")  # noqa: T201
    for one in skipped:
        print(f"  not audited: {one['skip_reason']}")  # noqa: T201
    for one in faulty:
        print(f"  {one['name']} {one['version']}: {', '.join(fault['id'] for fault in one['vulns'])}", file=sys.stderr)  # noqa: T201
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
