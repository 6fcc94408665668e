"""Datasets: asked for by a recipe, built by a worker from one moment, never changed.

`creating` asks for one and cancels it, `building` builds it, `reading` finds datasets and their
files, `storage` knows where the files lie, `leftovers` removes what lost workers have left.
"""
