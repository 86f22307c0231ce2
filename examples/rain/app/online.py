"""The latest values of a feature service, read from the file that Modelyard writes when features are materialized."""

import json
import mmap
import time
from pathlib import Path


def current_file(project, service):
    """Where the current values lie: a new file each time, so that what is open stays whole."""
    folder = Path(project, ".modelyard/features/services", service)
    return folder / json.loads((folder / "current.json").read_text(encoding="utf-8"))["file"]


class OnlineFeatures:
    """JSON lines: the first one says what is in the file, the others are sorted by their keys."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.start = self.data.find(b"\n") + 1
        self.views = json.loads(self.data[: self.start])["views"]

    def get(self, now=None, **keys):
        """Features by name. None where there is no row, or the row is older than its view allows."""
        now = time.time() if now is None else now
        found = {}
        for view in self.views:
            row = self.row([view["view"], *(keys[key["name"]] for key in view["keys"])])
            fresh = row is not None and (view["ttl"] is None or now - row["t"] <= view["ttl"])
            for feature in view["features"]:
                found[feature["name"]] = row["v"][feature["name"]] if fresh else None
        return found

    def row(self, key):
        """The line of a key, found by halving."""
        wanted = ('{"k":' + json.dumps(key, separators=(",", ":"), ensure_ascii=False) + ",").encode()
        low, high = self.start, len(self.data)
        while low < high:
            middle = self.data.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = self.data.find(b"\n", middle) + 1
            if self.data[middle : middle + len(wanted)] == wanted:
                return json.loads(self.data[middle:end])
            if self.data[middle:end] < wanted:
                low = end
            else:
                high = middle
        return None
