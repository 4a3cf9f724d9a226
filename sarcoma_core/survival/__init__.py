"""Survival analysis of our own, in numpy: estimates, tests and measures that agree with other packages.

Times are in any unit, the same throughout; an event is what ends a time, else it is censored. A risk score is
higher where the event is expected earlier. Everything is a pure function of arrays; rows may be in any order.
"""
