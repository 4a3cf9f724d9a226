"""Registration: one volume onto another, rigidly and then, if asked, with a gentle bend.

`pair.align` does it all; each other module is one part of it:

    bodies, views          what is looked at: the body, values from 0 to 1, samples
    information, climbing  what is climbed, and how
    rigid, bending         over what: turn and shift; a B-spline
    inverting              the way back of a bend
    measuring, quality     what came of it, in numbers, and when it is refused
"""
