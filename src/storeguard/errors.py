"""Every error that storeguard raises on purpose.

    StoreguardError
    ├── ConfigInvalid (ValueError)          the configuration, all problems at once
    ├── MissingExtra (ImportError)          a package that an optional extra installs
    ├── AlreadyRunning                      another daemon holds this folder
    ├── ForeignFolder                       a data folder of another store, or its disk is away
    ├── DeviceFault (OSError)               a sensor that cannot be trusted now
    │   ├── ScaleFault
    │   │   └── ScaleTimeout (TimeoutError)
    │   ├── CameraFault
    │   │   ├── CameraTimeout (TimeoutError)
    │   │   │   └── CameraStuck         its driver does not return
    │   │   ├── CameraEnded (EOFError)      a file that has been played to its end
    │   │   └── CameraBlind                 pictures come, but show nothing
    │   └── DetectorFault
    ├── CalibrationFault
    │   ├── CalibrationDamaged (ValueError)  what a scale command has kept cannot be read
    │   └── CalibrationRefused (ValueError)  the readings make none; nothing was kept
    ├── ModelFault
    │   ├── ModelMissing (FileNotFoundError)
    │   ├── ModelCorrupt (ValueError)       the file is not the one that was pinned
    │   └── DownloadFailed (OSError)
    ├── BookFault
    │   ├── BookMalformed (ValueError)      file, line, column, value, what is expected
    │   ├── BookMissing (FileNotFoundError)
    │   └── BookHeld                        shrank too much; waits for the owner
    ├── JournalFault (OSError)              the SQL journal cannot be read or written
    │   ├── JournalTooNew                   a newer storeguard has written it
    │   └── JournalDamaged                  its file is no whole database any more
    ├── SaleRefused (ValueError)            unknown product, count out of range, sold out
    ├── OutboxFault (OSError)               the issue folder could not be written
    ├── UploadFault
    │   ├── UploadTransient (ConnectionError)   try again soon
    │   ├── UploadRefused (PermissionError)     keys, permissions, bucket: needs the owner
    │   ├── UploadClockSkewed                   our clock is wrong
    │   └── UploadConflict (FileExistsError)    another object has this key
    ├── ChannelFault
    │   ├── ChannelUnreachable (ConnectionError)  a notice may get through later
    │   └── ChannelRefused (PermissionError)      its address, or its account: needs the owner
    ├── CloudRefused                        AWS does not let a cloud command have its way
    ├── RestartNeeded                       only a new process can cure this one
    ├── AddressUnavailable (OSError)        the web pages cannot have their host and port
    ├── BackupInvalid (ValueError)          a file that cannot be restored
    └── TraceInvalid (ValueError)           a trace folder that cannot be replayed

Messages say what, where, got, expected, and what to do next, in one line: that is for the log.
Faults have a `code` too, whose sentence in messages/faults.py the owner reads on his page.
"""

import errno
import re
from enum import StrEnum
from typing import Self


class FaultCode(StrEnum):
    """W scales and power, C cameras, D disk, T time, N network, A AWS, S starts."""

    OTHER = ""
    SCALE_SILENT = "W101"
    SCALE_STUCK = "W102"
    SCALE_SATURATED = "W103"
    SCALE_NOISY = "W104"
    ZERO_MOVED = "W105"
    UNIT_WEIGHTLESS = "W106"
    WEIGHT_UNCLEAR = "W107"
    SCALE_NEGATIVE = "W108"
    SCALES_SWAPPED = "W109"
    SCALE_UNREACHABLE = "W110"
    SCALE_IN_HAND = "W112"
    SCALE_SHIFTS = "W113"
    CAMERA_GONE = "C201"
    CAMERA_SILENT = "C202"
    CAMERA_STUCK = "C203"
    CAMERA_BLIND = "C204"
    CAMERA_FROZEN = "C205"
    CAMERA_SLOW = "C206"
    DETECTOR_SLOW = "C207"
    DETECTOR_FAILED = "C208"
    OCCUPIED_LONG = "C209"
    CAMERA_ENDED = "C210"
    CAMERA_MOVED = "C211"
    VISIT_UNSEEN = "C212"
    CAMERA_DOUBTFUL = "C213"
    DISK_LOW = "D301"
    DISK_FULL = "D302"
    DISK_FAILING = "D304"
    DISK_READ_ONLY = "D305"
    CLEANING_REFUSED = "D311"
    NOT_SAVED = "D312"
    CLOCK_UNSYNCED = "T401"
    CLOCK_SKEWED = "T404"
    NETWORK = "N501"
    NETWORK_LOGIN = "N503"
    CERTIFICATE = "N506"
    CHANNEL = "N507"
    CREDENTIALS = "A601"
    PERMISSION = "A602"
    BUCKET = "A603"
    OBJECT_CONFLICT = "A604"
    ACCOUNT = "A606"
    NO_RECEIPT = "A607"
    TEST_UNANSWERED = "A608"
    UPLOAD_REFUSED = "A609"
    SAFE_MODE = "S103"
    KIOSK_TOUCHED = "K701"
    KIOSK_LINGERED = "K702"
    POWER_LOW = "W111"


_OF_THE_DISK = {
    errno.ENOSPC: FaultCode.DISK_FULL,
    errno.EDQUOT: FaultCode.DISK_FULL,
    errno.EROFS: FaultCode.DISK_READ_ONLY,
    errno.EIO: FaultCode.DISK_FAILING,
}


def code_of(fault: object) -> FaultCode:
    """The kind of a fault; OTHER for one that its own text has to explain."""
    of_its_class = getattr(fault, "code", FaultCode.OTHER)
    return _OF_THE_DISK.get(getattr(fault, "errno", None) or 0, of_its_class)


def masked(text: str) -> str:
    """The text without the user and password of its URLs: logs and traces are passed on."""
    return re.sub(r"//[^/\s\"']*@", "//***@", text)


def without_passwords(text: str) -> str:
    """As `masked`, but names without a password stay: an example has one."""
    return re.sub(r"(//[^/\s\"':@]*):[^/\s\"']*@", r"\1:***@", text)


class StoreguardError(Exception):
    """Base of all errors of storeguard; its text is fit for a person."""

    code: FaultCode = FaultCode.OTHER

    def coded(self, code: FaultCode) -> Self:
        """This error, of a kind narrower than its class."""
        self.code = code
        return self


class ConfigInvalid(StoreguardError, ValueError):
    """The configuration cannot be used. `problems`: one line each, in file order."""

    def __init__(self, path: str, problems: tuple[str, ...]) -> None:
        self.path = path
        self.problems = tuple(without_passwords(problem) for problem in problems)
        super().__init__("\n".join(f"{path}: {problem}" for problem in self.problems))


class MissingExtra(StoreguardError, ImportError):
    """A backend needs a package that is not installed; the text has the pip line."""

    def __init__(self, needed_by: str, package: str, extra: str) -> None:
        super().__init__(
            f"{needed_by} needs the package {package!r}, which is not installed; "
            f"run: pip install 'storeguard[{extra}]'"
        )


class AlreadyRunning(StoreguardError):
    """Another process holds the lock of this state folder; `holder` names it."""

    def __init__(self, folder: object, process_id: str) -> None:
        self.holder = f"process {process_id}"
        super().__init__(
            f"{folder}: storeguard is running already (process {process_id}); "
            "stop it first, or give this one another configuration"
        )


class ForeignFolder(StoreguardError):
    """A data folder belongs to another store, or its disk is not mounted."""


class DeviceFault(StoreguardError, OSError):
    """A device cannot be trusted now; the loops retry it."""


class ScaleFault(DeviceFault):
    """A scale delivers nothing, or nothing believable."""

    code = FaultCode.SCALE_UNREACHABLE


class ScaleTimeout(ScaleFault, TimeoutError):
    """No reading within the deadline."""

    code = FaultCode.SCALE_SILENT


class CameraFault(DeviceFault):
    """A camera delivers no usable picture."""

    code = FaultCode.CAMERA_GONE


class CameraTimeout(CameraFault, TimeoutError):
    """No new frame within the deadline."""

    code = FaultCode.CAMERA_SILENT


class CameraStuck(CameraTimeout):
    """The driver does not return, so that the device cannot be opened again in this process."""

    code = FaultCode.CAMERA_STUCK


class CameraEnded(CameraFault, EOFError):
    """The video file has been played to its end."""

    code = FaultCode.CAMERA_ENDED


class CameraBlind(CameraFault):
    """Frames arrive, but nobody could be seen on them: dark, covered."""

    code = FaultCode.CAMERA_BLIND


class DetectorFault(DeviceFault):
    """The person detector failed on a frame."""

    code = FaultCode.DETECTOR_FAILED


class CalibrationFault(StoreguardError):
    """A scale's zero or its counts a gram."""


class CalibrationDamaged(CalibrationFault, ValueError):
    """The kept calibrations cannot be read; there is no default that would not count nonsense."""


class CalibrationRefused(CalibrationFault, ValueError):
    """The readings make no calibration; nothing was kept. `kind`: why, in a word for the pages."""

    def __init__(self, text: str, kind: str = "") -> None:
        super().__init__(text)
        self.kind = kind


class ModelFault(StoreguardError):
    """A network file."""


class ModelMissing(ModelFault, FileNotFoundError):
    """No such network on this machine; the text says how to pull it."""


class ModelCorrupt(ModelFault, ValueError):
    """The file's sha256 is not the pinned one."""


class DownloadFailed(ModelFault, OSError):
    """The transfer broke off; what has arrived is kept and resumed next time."""


class BookFault(StoreguardError):
    """An inventory CSV that cannot be taken as it stands; the last good version stays."""


class BookMalformed(BookFault, ValueError):
    """The text names file, line, column, value and what is expected.

    `others`: what else is wrong with the file, each in such a text.
    """

    def __init__(self, what: str, *, others: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.others = others


class BookMissing(BookFault, FileNotFoundError):
    """The CSV is not there."""


class BookHeld(BookFault):
    """The edit removes half of the rows or stock; it waits for `books confirm`."""


class JournalFault(StoreguardError, OSError):
    """The SQL journal cannot be read or written; what was not acknowledged is not in it."""

    code = FaultCode.NOT_SAVED


class JournalTooNew(JournalFault):
    """A newer storeguard has written the journal; it is left untouched."""


class JournalDamaged(JournalFault):
    """The journal's file is no whole database; what can be read of it is not to be trusted."""


class SaleRefused(StoreguardError, ValueError):
    """The kiosk does not take this sale."""


class OutboxFault(StoreguardError, OSError):
    """The issue folder could not be written."""

    code = FaultCode.NOT_SAVED


class UploadFault(StoreguardError):
    """A delivery did not get through; nothing is lost, the folder stays."""


class UploadTransient(UploadFault, ConnectionError):
    """Network or service trouble: retry with back-off."""

    code = FaultCode.NETWORK


class UploadRefused(UploadFault, PermissionError):
    """Credentials, permissions or configuration: probe rarely, tell the owner."""

    code = FaultCode.UPLOAD_REFUSED


class UploadClockSkewed(UploadFault):
    """The service refuses our time stamp: wait until the clock is right."""

    code = FaultCode.CLOCK_SKEWED


class UploadConflict(UploadFault, FileExistsError):
    """An object of the same key and another content is already there."""

    code = FaultCode.OBJECT_CONFLICT


class ChannelFault(StoreguardError):
    """A notice did not get through one channel; it stays on disk."""

    code = FaultCode.CHANNEL


class ChannelUnreachable(ChannelFault, ConnectionError):
    """It is tried again with back-off."""


class ChannelRefused(ChannelFault, PermissionError):
    """Address, account or balance: probed rarely."""


class CloudRefused(StoreguardError):
    """`storeguard cloud …` or `fleet`: no credentials, no permission, wrong region, or worse."""


class RestartNeeded(StoreguardError):
    """The process has to end with 1, so that systemd starts a new one; the text says why."""


class AddressUnavailable(StoreguardError, OSError):
    """The port is in use, or the address is none of this machine."""


class BackupInvalid(StoreguardError, ValueError):
    """The file is no backup that this store can restore; nothing was touched."""


class TraceInvalid(StoreguardError, ValueError):
    """The trace names file, line and what is expected."""
