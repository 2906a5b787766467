"""Which steps change nothing that a daemon's death would leave: around them no instant is a new one."""

from conman.primitives import steps as s

Look = (
    s.ReadFile
    | s.CheckDirectory
    | s.CheckPath
    | s.FindDevices
    | s.ReadInRoot
    | s.ListHost
    | s.ListMembers
    | s.ReadOom
    | s.ReadFreezer
    | s.ReadControls
    # What these change, a daemon's death undoes.
    | s.WatchProcess
    | s.WatchShim
    | s.HoldOutput
    | s.ReadExitStatus
    | s.Release
)
