/*
 * What the parts of the object that counts system calls know of each other; points.c says what it is for.
 *
 * None of these may be seen by the process that it is preloaded into.
 */

#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#define LONGEST 4096
#define HIDDEN __attribute__((visibility("hidden")))

/* points.c: the next point. Whether the call is to fail; errno says of what. Where nothing strikes it is as it was. */
HIDDEN int pass(const char *call, const char *what);

/* told.c: what the variables say. Nobody is counted by what makes no sense: then the process ends with 2, and says why. */
struct told {
	const char *under, *log, *strike, *fill, *once, *processes;
	int error;
};
HIDDEN extern struct told told;
HIDDEN void be_told(void);
HIDDEN void end(const char *variable, const char *why) __attribute__((noreturn));

/* about.c: as `pass`, for a call that is about something below a place that is looked at; else 0. */
HIDDEN int about_path(const char *call, int directory, const char *path);
HIDDEN int about_either(const char *call, int from_at, const char *from, int at, const char *to);
HIDDEN int about_open(const char *call, int directory, const char *path, int flags);
HIDDEN int about_descriptor(const char *call, int fd);
HIDDEN int about_socket(const char *call, int fd);
HIDDEN int about_address(const char *call, int fd, const struct sockaddr_un *address, socklen_t size);

/* about.c: a connection has the address of the socket that took it. */
HIDDEN void accepted(int listener, int fd);
