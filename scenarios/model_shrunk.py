"""What is left of a scenario that was shrunk to the part that fails: `swipelab shrink` writes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Strict

from scenarios.fields import Duration, Part, Text

Index = Annotated[int, Strict(), Field(ge=0)]


class Shrunk(Part):
    """Only this part of what the seed draws is played; the rest is drawn and left out. Left out here, all is kept."""

    swipes: tuple[Index, ...] | None = None
    """Rows of the traffic, from 0."""
    cardholders: tuple[Text, ...] | None = None
    """Cardholders by account id."""
    steps: tuple[Index, ...] | None = None
    """Steps of the script, from 0."""
    storms: tuple[Index, ...] | None = None
    """Storms of faults, by index."""
    traffic: Duration | None = None
    """Traffic ends so long after the start."""
    ties_until: Index | None = None
    """With `explore`: so many ties are shuffled, and the rest run first in, first out."""
    ties: tuple[Index, ...] | None = None
    """With `explore`: only these ties are shuffled, by number, from 0."""
    choices: tuple[Index, ...] | None = None
    """With `explore`: which of those that are tied goes next, from 0, at each tie while traffic goes on."""
