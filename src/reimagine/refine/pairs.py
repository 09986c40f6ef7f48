"""Two frames of a surface that came one by one."""

import torch

from reimagine.records import CameraPath, Raster, Seen


def pair(a: Seen, b: Seen) -> Seen:
    """Two single frames of one surface as frames 0 and 1."""
    cameras, rasters = (a.camera, b.camera), (a.raster, b.raster)
    return Seen(
        verts=torch.cat([a.verts, b.verts]),
        faces=a.faces,
        camera=CameraPath(
            K=torch.cat([one.K for one in cameras]),
            R=torch.cat([one.R for one in cameras]),
            t=torch.cat([one.t for one in cameras]),
            width=a.camera.width,
            height=a.camera.height,
        ),
        raster=Raster(
            face=torch.cat([one.face for one in rasters]),
            barycentrics=torch.cat([one.barycentrics for one in rasters]),
            depth=torch.cat([one.depth for one in rasters]),
        ),
    )
