"""What the simulated programs do, by their names: all that a container can be seen to do by itself."""

#: They exit by themselves, with this code.
EXITS_BY_ITSELF = {"/bin/exit7": 7, "/bin/true": 0, "/bin/eats": 137, "/bin/feeds": 0}
#: Of these the kernel kills a member for want of memory: the program itself, or a child of it.
OUT_OF_MEMORY = {"/bin/eats", "/bin/feeds"}
#: These end at TERM, with this code; all others ignore it.
OBEYS_TERM = {"/bin/obey": 0}
#: These are in nobody's root file system.
MISSING = {"/bin/missing"}
#: These never come to a stand: a child of theirs has borrowed their memory (vfork(2)).
CANNOT_FREEZE = {"/bin/vforks"}
