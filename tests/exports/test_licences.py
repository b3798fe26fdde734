"""Licences of seeds: carried, shown, and refused where they forbid the use."""

from __future__ import annotations

from pathlib import Path

import pytest

from silversmith.errors import ExportError
from silversmith.exports import export
from silversmith.exports.licences import hub_licence, standing
from silversmith.exports.trl_sft import TrlSft
from silversmith.records import Sample, SeedRef

from .test_exports import pair, write_run


@pytest.mark.parametrize(
    ("licence", "stands"),
    [
        ("CC-BY-4.0", "open"), ("cc by 4.0", "open"), ("MIT", "open"), ("Apache-2.0", "open"),
        ("Apache License 2.0", "open"), ("CC0-1.0", "open"), ("BSD-3-Clause", "open"),
        ("public domain", "open"), ("MPL-2.0", "open"),
        ("CC-BY-SA-4.0", "share-alike"), ("GPL-3.0-only", "share-alike"),
        ("AGPL-3.0", "share-alike"), ("ODbL-1.0", "share-alike"),
        ("CC-BY-NC-4.0", "non-commercial"), ("CC-BY-NC-SA-4.0", "non-commercial"),
        ("research-only", "non-commercial"),
        ("CC-BY-ND-4.0", "forbids"), ("CC BY-NC-ND 3.0", "forbids"),
        ("All rights reserved", "forbids"), ("proprietary", "forbids"), ("no-AI", "forbids"),
        ("", "not stated"), ("house rules", "unknown"), ("Pandora", "unknown"),
    ],
)  # fmt: skip
def test_how_a_licence_stands_to_training(licence: str, stands: str) -> None:
    assert standing(licence) == stands


def under(name: str, licence: str) -> Sample:
    return pair(name).with_(seed=SeedRef(f"seed {name}", f"{name}.md:0-10", licence))


def test_a_licence_that_forbids_it_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [under("a", "MIT"), under("b", "CC-BY-ND-4.0")])
    with pytest.raises(ExportError, match=r"1 kept sample .* 'CC-BY-ND-4.0', which forbids") as e:
        export(run, TrlSft())
    assert "--allow-licence CC-BY-ND-4.0 if you hold another permission" in str(e.value)
    assert not (run / "exports").exists()


def test_who_holds_another_permission_says_so_and_the_card_does_too(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [under("a", "MIT"), under("b", "CC-BY-ND-4.0")])
    report = export(run, TrlSft(), allow_licences=["cc-by-nd-4.0"])
    assert report.rows == 2
    said = "1 sample from seeds whose licence forbids derived works or training"
    assert said in str(report)
    assert said in report.card.read_text()
    with pytest.raises(ExportError, match="no kept sample has a seed of that licence"):
        export(run, TrlSft(), allow_licences=["CC-BY-ND-4.0", "CC-BY-NB-4.0"])


def test_other_conditions_are_said_and_not_refused(tmp_path: Path) -> None:
    licences = ("CC-BY-NC-4.0", "CC-BY-SA-4.0", "house rules", "", "MIT")
    run = write_run(tmp_path / "run", [under(str(n), one) for n, one in enumerate(licences)])
    said = str(export(run, TrlSft()))
    assert "for non-commercial use only (CC-BY-NC-4.0)" in said
    assert "asks that what is derived carries it too (CC-BY-SA-4.0)" in said
    assert "not known here: read it (house rules)" in said
    assert "1 sample from seeds without a stated licence" in said
    assert "MIT" not in said


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ({"MIT": 3}, ("mit", "")),
        ({"CC-BY-4.0": 3}, ("cc-by-4.0", "")),
        ({"MIT": 3, "Apache-2.0": 1}, ("other", "Apache-2.0, MIT")),
        ({"MIT": 3, "not stated": 1}, ("other", "MIT, not stated")),
        ({"house rules": 1}, ("other", "house rules")),
        ({"not stated": 1}, ("", "")),
        ({}, ("", "")),
    ],
)
def test_the_hub_s_name_of_a_dataset_s_licence(
    found: dict[str, int], name: tuple[str, str]
) -> None:
    assert hub_licence(found) == name


def test_the_card_s_metadata_are_the_hub_s(tmp_path: Path) -> None:
    import yaml
    from huggingface_hub import DatasetCard

    run = write_run(tmp_path / "run", [under("a", "MIT"), under("b", 'odd: "name" | <b>')])
    card = DatasetCard.load(export(run, TrlSft()).card)
    assert card.data.license == "other"
    data = yaml.safe_load(card.data.to_yaml())
    assert data["license_name"] == "mit-odd-name-b"
    assert data["configs"] == [
        {"config_name": "default", "data_files": [{"split": "train", "path": "data.jsonl"}]}
    ]
    assert r"| odd: &quot;" not in card.text
    assert r'odd: "name" \| &lt;b>' in card.text
