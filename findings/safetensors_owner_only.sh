#!/usr/bin/env bash
# safetensors 0.8 writes files that only their owner can read, whatever the umask says.
# Expected: a new file gets what the umask leaves (0644 for 022), as any other file, and as with safetensors 0.7.
# Seen: mode 0600, also over a file that others could read: what a training writes cannot be used by its other users.
# Cause: it writes into a temporary file beside the target, which it renames. Known as issue 782 of the project.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
umask 022
for version in 0.7.0 0.8.0; do
  python3 -m venv "$scratch/$version"
  "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "safetensors==$version" numpy==2.4.0
done
cat > "$scratch/write.py" <<'PYTHON'
import sys
from pathlib import Path

import numpy as np
import safetensors
from safetensors.numpy import save_file

folder = Path(sys.argv[1])
(folder / "plain").write_text("other file")
(folder / "old.safetensors").touch()
for name in ("new.safetensors", "old.safetensors"):
    save_file({"a": np.zeros(3, np.float32)}, folder / name)
modes = [oct((folder / name).stat().st_mode & 0o777) for name in ("plain", "new.safetensors", "old.safetensors")]
print("safetensors", safetensors.__version__, "| modes of another file, a new one, one written over:", *modes)
sys.exit(modes[1] != sys.argv[2] or modes[2] != sys.argv[2])
PYTHON
same=0
for pair in "0.7.0 0o644" "0.8.0 0o600"; do
  read -r version mode <<< "$pair"
  mkdir "$scratch/files-$version"
  "$scratch/$version/bin/python" "$scratch/write.py" "$scratch/files-$version" "$mode" || same=1
done
[ $same -eq 0 ] && echo "as described" || echo "changed"
exit $same
