#!/usr/bin/env python3
"""Makes tests/golden/resize_with_pad/pillow.json: what Pillow's bilinear filter gives when pictures are scaled to fit and
padded to the middle of a black one, the way openpi's clients feed robots' cameras to policies.

    tests/golden/pad_pil.py > tests/golden/resize_with_pad/pillow.json
"""
import json

import numpy as np
from PIL import Image


def fitted(image, height, width):
    ratio = max(image.width / width, image.height / height)
    size = (int(image.width / ratio), int(image.height / ratio))
    out = Image.new(image.mode, (width, height), 0)
    out.paste(image.resize(size, resample=Image.BILINEAR),
              (max(0, int((width - size[0]) / 2)), max(0, int((height - size[1]) / 2))))
    return out


cases = []
rng = np.random.default_rng(7)
for rows, columns, height, width in [(30, 40, 16, 16), (40, 30, 16, 16), (17, 23, 32, 32), (24, 24, 16, 16), (48, 64, 28, 28),
                                     (13, 50, 20, 14), (9, 7, 9, 7)]:
    pixels = rng.integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    out = np.asarray(fitted(Image.fromarray(pixels), height, width))
    cases.append({"in": [rows, columns], "out": [height, width], "input": pixels.ravel().tolist(),
                  "output": out.ravel().tolist()})
print(json.dumps({"cases": cases}, separators=(",", ":")))
