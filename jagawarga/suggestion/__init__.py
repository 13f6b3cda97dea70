"""Which category a text is about: suggested by a small model of own making. Pure: no input or output, nothing kept.

`features` turns a text into numbers, `linear` scores these with a trained model, `training` makes one, `keywords` does
without, `evaluation` says how good one is. The server and the command line both use it and know nothing else together.
"""
