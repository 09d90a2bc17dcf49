"""Formats that are told by their first bytes, to say why they are not read, and what would be."""

from __future__ import annotations

import re

from gradcli.errors import FileError
from gradcli.inputs.formats.format import Contents, Opened, array_format


def _refused(name: str, beginning: bytes, why: str) -> None:
    @array_format(name, begins=lambda head: re.match(beginning, head) is not None)
    def refuse(opened: Opened) -> Contents:
        raise FileError(why)


_refused(
    "pickle",
    rb"\x80[\x02-\x05]",
    "is a pickle, which may run code when it is read: save plain arrays with numpy.savez; of "
    "CIFAR-10 the binary version (.bin) is read",
)
_refused(
    "tar",
    rb"(?s).{257}ustar(?:\x0000|  \0)",
    "is a tar archive: unpack it; of CIFAR-10 the binary version is read (cifar-10-binary.tar.gz, "
    "its data_batch_1.bin), not the pickles of the one for Python",
)
_refused(
    "UTF-16",
    rb"\xff\xfe|\xfe\xff|(?:\0[\t\r\n -~]){4}|(?:[\t\r\n -~]\0){4}",
    "is text in UTF-16: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
)
_refused("bzip2", rb"BZh[1-9]1AY&SY", "is compressed with bzip2: inflate it, or use gzip")
_refused("xz", rb"\xfd7zXZ\0", "is compressed with xz: inflate it, or use gzip")
_refused("zstd", rb"\x28\xb5\x2f\xfd", "is compressed with zstd: inflate it, or use gzip")
_refused("HDF5", rb"\x89HDF\r\n\x1a\n", "is HDF5: save its arrays with numpy.savez")
_refused("MATLAB", rb"MATLAB 5\.0 MAT-file", "is MATLAB's: save its arrays with numpy.savez")
_refused("Parquet", rb"PAR1[\0-\x08\x0e-\x1f]", "is Parquet: save it as CSV or npz")
_refused("image", rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a", "is an image: save its pixels as npy")
