"""The standard picture in ParaView: a tube with the colour of |mu_s|, arrows of mu_s, the layers.

Two files of one stack, whatever stack it is, such as

    spinfem solve dual_valve.toml -o line.vtu
    spinfem solve dual_valve.toml -o wire.vtu --wire 14
    pvpython paraview_valve.py line.vtu wire.vtu picture.png

Without the last name the picture is not saved; run inside ParaView (Tools, Python Shell, Run
Script) it reads line.vtu and wire.vtu in the working directory and shows the picture. The arrows
are as long as mu_s is large. .pvd files of a batch do as well.
"""

import sys

from paraview import simple

GREEN, ORANGE, DARK = (0.0, 0.62, 0.45), (0.90, 0.62, 0.0), (0.2, 0.2, 0.2)

given = sys.argv[1:4]
line_file, wire_file, picture = [*given, *("line.vtu", "wire.vtu", "")[len(given) :]]
line, wire = simple.OpenDataFile(line_file), simple.OpenDataFile(wire_file)
for source in (line, wire):
    source.UpdatePipeline()
    if not source.GetDataInformation().GetNumberOfCells():
        sys.exit(f"{source.FileName}: nothing in it")
left, right, _, top, *_ = wire.GetDataInformation().GetBounds()  # nm, or the stack's own unit
largest = line.PointData["spin_potential"].GetRange(-1)[1]

view = simple.GetActiveViewOrCreate("RenderView")
view.ViewSize = [1200, 560]
view.UseColorPaletteForBackground = 0
view.Background = [1.0, 1.0, 1.0]
view.OrientationAxesLabelColor = DARK

tube = simple.Tube(Input=simple.ExtractSurface(Input=line))
tube.Radius = top / 20
arrows = simple.Glyph(Input=line, GlyphType="Arrow")
arrows.OrientationArray = ["POINTS", "spin_potential"]
arrows.ScaleArray = ["POINTS", "spin_potential"]
arrows.VectorScaleMode = "Scale by Magnitude"
arrows.ScaleFactor = 0.9 * top / largest if largest else 1.0
arrows.GlyphMode = "Every Nth Point"
arrows.Stride = 6
for source in (tube, arrows):
    shown = simple.Show(source, view)
    simple.ColorBy(shown, ("POINTS", "spin_potential", "Magnitude"))
colors = simple.GetColorTransferFunction("spin_potential")
colors.ApplyPreset("Plasma (matplotlib)", True)
colors.RescaleTransferFunction(0.0, largest or 1.0)
bar = simple.GetScalarBar(colors, view)
bar.Title, bar.ComponentTitle, bar.Orientation = "size of mu_s", "", "Horizontal"
bar.WindowLocation = "Lower Center"
bar.TitleColor = bar.LabelColor = DARK
simple.Show(tube, view).SetScalarBarVisibility(view, True)

for kind, color, opacity in ((0, ORANGE, 0.10), (1, GREEN, 0.22)):
    part = simple.Threshold(Input=wire)
    part.Scalars = ["CELLS", "kind"]
    part.LowerThreshold = part.UpperThreshold = kind
    shown = simple.Show(simple.ExtractSurface(Input=part), view)
    shown.ColorArrayName = [None, ""]
    shown.DiffuseColor, shown.Opacity = color, opacity

middle, length = (left + right) / 2, right - left
view.CameraFocalPoint = [middle, 0, 0]
view.CameraPosition = [middle - 0.35 * length, -1.7 * length, 0.6 * length]
view.CameraViewUp = [0, 0, 1]
simple.ResetCamera(view)
simple.GetActiveCamera().Zoom(1.5)
simple.Render(view)
if picture:
    simple.SaveScreenshot(picture, view)
    print(picture)
