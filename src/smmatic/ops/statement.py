"""`smmatic statement verify FILE`: whether a statement's file is what the ledger says."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from smmatic.web.statements import verify_file


def main(argv: Sequence[str]) -> int:
    """Checks files of statements; exit code 0 when all are genuine, 1 when one is not, 2 when one can't be read."""
    parser = argparse.ArgumentParser(prog="smmatic statement", description=__doc__)
    parser.add_argument("do", choices=["verify"])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    arguments = parser.parse_args(argv)
    code = 0
    for path in arguments.files:
        try:
            verdict = verify_file(path.name, path.read_bytes())
        except (OSError, ValueError, StopIteration) as error:
            print(f"{path}: can't be read as a statement: {error}", file=sys.stderr)
            code = 2
            continue
        if verdict.genuine:
            print(f"{path}: genuine, account {verdict.account}, {verdict.transfers} transfers")
        else:
            print(f"{path}: NOT genuine: {verdict.problem}", file=sys.stderr)
            code = max(code, 1)
    return code
