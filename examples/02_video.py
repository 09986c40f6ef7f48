"""A video of a person that ships: the same call takes your own photos.

Usage: python examples/02_video.py [FOLDER]
"""

import sys

from reimagine import Clip, Photos, Progress, Request, generate

folder = sys.argv[1] if len(sys.argv) > 1 else "runs/example_video"
request = Request(
    photos=Photos(person="alex"),  # or Photos(front="front.jpg", back="back.jpg")
    clip=Clip(motion="walk", camera="orbit", frames=8, size="192x320"),
    out=folder,
)
result = generate(request, Progress(say=print))
print(f"The video is {result.video}")
