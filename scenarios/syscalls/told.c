/*
 * What the object that counts system calls is told by its variables, read once, before anything is counted.
 *
 * A word that makes no sense must never be taken for one that does: nothing would be counted, or nobody struck, and
 * that looks like a process to which nothing happens.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "points.h"

#define WRONG 2
#define LARGEST_ERRNO 4095

struct told told;

void end(const char *variable, const char *why)
{
	dprintf(STDERR_FILENO, "syscall points: %s: %s\n", variable, why);
	_exit(WRONG);
}

static const char *variable(const char *name)
{
	const char *text = getenv(name);

	if (text != NULL && *text == 0)
		end(name, "is empty; leave it out");
	return text;
}

static const char *places(const char *name)
{
	const char *text = variable(name);

	for (const char *place = text; place != NULL;) {
		size_t size = strcspn(place, ":");
		if (size < 2 || place[0] != '/' || place[size - 1] == '/')
			end(name, "between its colons are absolute paths, without a slash at their ends");
		place = place[size] == ':' ? place + size + 1 : NULL;
	}
	return text;
}

/* COMM@N or COMM#K@N, as `pass` writes it: anything else is the name of no point. */
static const char *point(const char *name)
{
	const char *text = variable(name);
	char comm[16], process[10] = "2", number[10] = "";
	int size = 0;

	if (text == NULL)
		return NULL;
	if (sscanf(text, "%15[^#@]@%9[0-9]%n", comm, number, &size) != 2)
		sscanf(text, "%15[^#@]#%9[0-9]@%9[0-9]%n", comm, process, number, &size);
	int is_second = process[0] != '0' && strcmp(process, "1") != 0;
	if (size == 0 || text[size] != 0 || number[0] == '0' || !is_second)
		end(name, "is COMM@N, N from 1 on, or COMM#K@N, K from 2 on");
	return text;
}

static int error_number(const char *name)
{
	const char *text = variable(name);
	char *rest;

	if (text == NULL)
		return 0;
	long number = strtol(text, &rest, 10);
	if (*rest != 0 || number < 1 || number > LARGEST_ERRNO)
		end(name, "is the number of an error");
	return number;
}

static const char *log_file(const char *name)
{
	const char *text = variable(name);

	if (text == NULL)
		return NULL;
	int fd = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		end(name, strerror(errno));
	syscall(SYS_close, fd);
	return text;
}

/* Files can be made in it. */
static void must_be_a_directory(const char *name, const char *path)
{
	if (access(path, W_OK | X_OK) != 0)
		end(name, strerror(errno));
}

static const char *directory(const char *name)
{
	const char *text = variable(name);

	if (text != NULL)
		must_be_a_directory(name, text);
	return text;
}

static const char *file_to_be(const char *name)
{
	const char *text = variable(name), *slash = text == NULL ? NULL : strrchr(text, '/');
	char parent[LONGEST];

	if (text == NULL)
		return NULL;
	if (slash == NULL || slash[1] == 0 || slash - text >= LONGEST)
		end(name, "is the path of a file");
	snprintf(parent, sizeof parent, "%.*s/", (int)(slash - text), text);
	must_be_a_directory(name, parent);
	return text;
}

void be_told(void)
{
	told.under = places("SYSCALL_POINTS_UNDER");
	told.log = log_file("SYSCALL_POINTS_LOG");
	told.processes = directory("SYSCALL_POINTS_PROCESSES");
	told.strike = point("SYSCALL_POINTS_STRIKE");
	told.error = error_number("SYSCALL_POINTS_ERROR");
	told.fill = file_to_be("SYSCALL_POINTS_FILL");
	told.once = file_to_be("SYSCALL_POINTS_ONCE");
}
