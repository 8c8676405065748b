"""Engines that are not the product: one slow and obviously right, one wrong on purpose, one behind HTTP."""
