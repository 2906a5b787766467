/*
 * What a call is about: a path, a descriptor's file, a socket's address; and whether that is looked at.
 *
 * A path that leads through /proc/self/fd is the one that it leads to: conman binds and connects so, for a socket's
 * address is short. What it led to is remembered for as long as the socket goes by that address, for the descriptor
 * is closed at once. It must never change errno.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "points.h"

#define CLIENTS_SOCKET "/conmand.sock"
#define DESCRIPTORS "/proc/self/fd/"
#define SOCKETS 4096

struct address {
	char text[sizeof(struct sockaddr_un) + 1];
};

/* By descriptor: where the file of a socket is, whose address leads through a descriptor that is closed by now. */
static char *sockets[SOCKETS];

static int is_looked_at(const char *path)
{
	const char *place = told.under;

	while (place != NULL && *place != 0) {
		size_t size = strcspn(place, ":");
		if (strncmp(path, place, size) == 0 && (path[size] == '/' || path[size] == 0))
			return 1;
		place += size + (place[size] == ':');
	}
	return 0;
}

/* What /proc says that a descriptor, or the working directory, is. */
static void linked(const char *link, char *path)
{
	ssize_t size = syscall(SYS_readlinkat, AT_FDCWD, link, path, LONGEST - 1);

	path[size > 0 ? size : 0] = 0;
}

static void descriptor(int fd, char *path)
{
	char link[64];

	snprintf(link, sizeof link, DESCRIPTORS "%d", fd);
	linked(link, path);
}

/* The number and its end, of a path through one of these. */
static int leads_through_a_descriptor(const char *path, char **rest)
{
	size_t size = strlen(DESCRIPTORS);

	if (strncmp(path, DESCRIPTORS, size) != 0)
		return -1;
	int fd = strtol(path + size, rest, 10);
	return *rest > path + size && (**rest == '/' || **rest == 0) ? fd : -1;
}

/* `whole`: of 2 * LONGEST bytes. */
static void resolve(int directory, const char *path, char *whole)
{
	char *rest = NULL;
	int fd = leads_through_a_descriptor(path, &rest);

	whole[0] = 0;
	if (fd >= 0) {
		descriptor(fd, whole);
		path = rest;
	} else if (path[0] != '/') {
		if (directory == AT_FDCWD)
			linked("/proc/self/cwd", whole);
		else
			descriptor(directory, whole);
		strcat(whole, "/");
	}
	snprintf(whole + strlen(whole), LONGEST, "%s", path);
}

int about_path(const char *call, int directory, const char *path)
{
	int before = errno;
	char whole[2 * LONGEST];

	resolve(directory, path == NULL ? "/" : path, whole);
	errno = before;
	return is_looked_at(whole) && pass(call, whole);
}

/* What is moved into a place, within it, or out of it. */
int about_either(const char *call, int from_at, const char *from, int at, const char *to)
{
	int before = errno;
	char whole[2 * LONGEST];

	resolve(at, to == NULL ? "/" : to, whole);
	if (!is_looked_at(whole))
		resolve(from_at, from == NULL ? "/" : from, whole);
	errno = before;
	return is_looked_at(whole) && pass(call, whole);
}

int about_open(const char *call, int directory, const char *path, int flags)
{
	return flags & (O_CREAT | O_TRUNC) && about_path(call, directory, path);
}

/* ---- sockets -------------------------------------------------------------------------------------------- */

/* "": it has none, or one without a file. */
static struct address address_of(const struct sockaddr_un *address, socklen_t size)
{
	struct address found = {""};
	size_t start = offsetof(struct sockaddr_un, sun_path);

	if (size > sizeof *address)
		size = sizeof *address;
	if (address != NULL && size > start && address->sun_family == AF_UNIX)
		memcpy(found.text, address->sun_path, size - start);
	return found;
}

static void remember(int fd, const char *path)
{
	if (fd < 0 || fd >= SOCKETS)
		return;
	free(sockets[fd]);
	sockets[fd] = strdup(path);
}

static int ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), length = strlen(end);

	return size >= length && strcmp(text + size - length, end) == 0;
}

/* The number in an address is that of whoever gave it: the other end's, too. */
static const char *remembered(int fd, const char *address)
{
	char *rest = NULL;
	int is_known = fd >= 0 && fd < SOCKETS && sockets[fd] != NULL;

	if (!is_known || leads_through_a_descriptor(address, &rest) < 0)
		return address;
	return ends_with(sockets[fd], rest) ? sockets[fd] : address;
}

static int about_place(const char *call, const char *path)
{
	return is_looked_at(path) && !ends_with(path, CLIENTS_SOCKET) && pass(call, path);
}

int about_address(const char *call, int fd, const struct sockaddr_un *address, socklen_t size)
{
	int before = errno;
	char whole[2 * LONGEST];
	struct address given = address_of(address, size);

	if (given.text[0] == 0)
		return 0;
	resolve(AT_FDCWD, given.text, whole);
	if (strcmp(given.text, whole) != 0)
		remember(fd, whole);
	errno = before;
	return about_place(call, whole);
}

/* Its other end's, or its own. */
static struct address address_by(int fd)
{
	struct sockaddr_un address;
	socklen_t size = sizeof address;
	struct address found = {""};

	if (getpeername(fd, (struct sockaddr *)&address, &size) == 0)
		found = address_of(&address, size);
	size = sizeof address;
	if (found.text[0] == 0 && getsockname(fd, (struct sockaddr *)&address, &size) == 0)
		found = address_of(&address, size);
	return found;
}

int about_socket(const char *call, int fd)
{
	int before = errno;
	struct address given = address_by(fd);

	errno = before;
	return given.text[0] != 0 && about_place(call, remembered(fd, given.text));
}

void accepted(int listener, int fd)
{
	int before = errno;

	if (listener >= 0 && listener < SOCKETS && sockets[listener] != NULL)
		remember(fd, sockets[listener]);
	errno = before;
}

int about_descriptor(const char *call, int fd)
{
	int before = errno;
	char path[LONGEST];

	descriptor(fd, path);
	errno = before;
	if (strncmp(path, "socket:", 7) == 0)
		return about_socket(call, fd);
	return is_looked_at(path) && pass(call, path);
}
