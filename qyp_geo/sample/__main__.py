"""Write the data files of the sample district: `python -m qyp_geo.sample [FOLDER]`, by default `layers/data`."""

import sys
from pathlib import Path

from qyp_geo.sample.district import make_district
from qyp_geo.sample.files import write_files

if __name__ == "__main__":
    write_files(make_district(), Path(sys.argv[1] if len(sys.argv) > 1 else "layers/data"))
