"""The checker is checked: every broken variant of the shipped policy is caught, by the proof that should catch it."""

from collections import Counter

import pytest

from smmatic.policy.prover import PROOFS, prove

from .mutations import variants

ALL = list(variants())


def test_there_are_many_variants_for_every_proof():
    counted = Counter(variant.proof for variant in ALL)
    assert set(counted) == set(PROOFS)
    assert len(ALL) >= 400
    assert len({variant.name for variant in ALL}) == len(ALL)
    assert min(counted.values()) >= 10


@pytest.mark.parametrize("number", PROOFS)
def test_every_broken_variant_is_caught_by_its_proof(number):
    alone = 0
    for variant in ALL:
        if variant.proof != number:
            continue
        proof = prove(variant.document)
        found = [problem for problem in proof.problems if problem.proof == number]
        assert found, (variant.name, [str(problem) for problem in proof.problems])
        assert all(problem.message and problem.remedy for problem in found), variant.name
        assert not proof.ok
        alone += len(found) == len(proof.problems)
    assert alone, "no variant breaks exactly this proof"
