"""A stack to turn and stretch: sliders beside rods, rings and cords, in a browser.

`sliders` tells which numbers of a stack have one, and makes the stack of what they say; `seen` is
that with its solution; `address` writes it after the ``?`` of an address and reads it there;
`exports` writes it as TOML and Python; `presets` are stacks to begin with; `mechanics`, `vectors`,
`turning` and `motion` compute what the pictures show. These know no browser. `charts` draws with
Bokeh, `page` has the widgets, `later` does what can wait until sliders rest, `entry` is what users
call.
"""
