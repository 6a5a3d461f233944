"""Charts made on the server: accessible, escaped, in scale."""

import re
from xml.etree import ElementTree

import pytest

from smmatic.web.charts import Chart, Kind, Series, draw, standalone

MONTHS = ("July", "August", "September")


def chart(kind=Kind.BARS, **fields):
    series = (Series("Earned", (10, 20, 30)), Series("Kept <b>", (5, 0, None)))
    return Chart("Revenue", "Credits earned and kept by month.", MONTHS, series, kind, **fields)


def heights(svg):
    return [float(one) for one in re.findall(r'class="chart-bar[^>]* height="([0-9.]+)"', svg)]


@pytest.mark.parametrize("kind", Kind)
def test_a_chart_is_well_formed_says_what_it_is_and_carries_no_script_or_style(kind):
    svg = draw(chart(kind), name="r")
    tree = ElementTree.fromstring(svg)
    assert (tree.get("role"), tree.get("aria-labelledby")) == ("img", "r-t r-d")
    assert '<title id="r-t">Revenue</title>' in svg
    assert "Kept &lt;b&gt;" in svg
    assert "style" not in svg
    assert "script" not in svg


def test_bars_are_in_proportion_to_their_values():
    svg = draw(Chart("x", "x", MONTHS, (Series("a", (10, 20, 40)),)))
    first, second, third = heights(svg)
    assert second == pytest.approx(2 * first, abs=0.2)
    assert third == pytest.approx(4 * first, abs=0.2)


def test_stacked_bars_stand_on_each_other():
    svg = draw(chart(Kind.STACKED))
    boxes = re.findall(
        r'class="chart-bar chart-(\d)" x="[0-9.]+" y="([0-9.]+)" width="[0-9.]+" height="([0-9.]+)"', svg
    )
    (_, low_y, _), (_, high_y, high_height) = boxes[:2]
    assert float(high_y) + float(high_height) == pytest.approx(float(low_y), abs=0.2)


def test_values_below_zero_hang_from_the_axis_and_are_never_stacked():
    assert len(heights(draw(Chart("x", "x", ("a", "b"), (Series("a", (-5, 5)),))))) == 2
    with pytest.raises(ValueError):
        Chart("x", "x", ("a",), (Series("a", (-5,)),), Kind.STACKED)


def test_a_line_breaks_where_there_is_no_value():
    svg = draw(Chart("x", "x", ("a", "b", "c", "d"), (Series("a", (1, None, 2, 3)),), Kind.LINES))
    assert re.search(r'd="(M[^L]+)(M[^L]+L[^L"]+)"', svg)


def test_the_table_has_the_same_numbers():
    assert chart(text=lambda value: f"{value:.2f}").rows == [
        ("July", ["10.00", "5.00"]), ("August", ["20.00", "0.00"]), ("September", ["30.00", ""]),
    ]  # fmt: skip


def test_crowded_labels_are_thinned_and_never_leave_the_drawing():
    labels = tuple(f"2026-{number:02}-15" for number in range(60))
    svg = draw(Chart("x", "x", labels, (Series("a", tuple(range(60))),), Kind.LINES), width=350)
    shown = re.findall(r'x="([0-9.]+)" y="[0-9.]+" text-anchor="middle"', svg)
    assert 2 <= len(shown) <= 6
    assert all(0 < float(x) < 350 for x in shown)


@pytest.mark.parametrize("values", [(), (0,), (0, 0), (10**18,), (0.0001,), (-3, 7), (1, None)])
def test_any_numbers_can_be_drawn(values):
    labels = tuple(str(at) for at in range(len(values)))
    for kind in (Kind.BARS, Kind.LINES):
        ElementTree.fromstring(draw(Chart("x", "x", labels, (Series("a", values),), kind)))


def test_a_file_of_its_own_brings_its_colours_for_both_themes():
    assert "prefers-color-scheme:dark" in standalone(chart())


def test_more_series_than_colours_are_refused():
    with pytest.raises(ValueError):
        Chart("x", "x", ("a",), tuple(Series(str(at), (1,)) for at in range(7)))
