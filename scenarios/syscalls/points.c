/*
 * Kills a process just before one of its calls that change the world outside, has that call fail, or fills its disk
 * up before it: preloaded, it counts them.
 *
 * A point is COMM@N: the n-th such call that a process's threads of this name make. (conmand names a worker
 * after its effect.) Of the k-th process that has threads of that name it is COMM#K@N, from the second on: what a
 * zygote forks has the zygote's name until it gives itself another. What counts is a file, directory or mount below
 * the places that are looked at, a socket there but the one that clients use, and what makes, starts or signals
 * processes. Never counted: pipes, event descriptors, what others' sockets carry; they come in no certain number.
 *
 *   SYSCALL_POINTS_UNDER      the places, with colons between them
 *   SYSCALL_POINTS_LOG        a file: a line "POINT CALL WHAT" for each point that is passed
 *   SYSCALL_POINTS_PROCESSES  a directory: there it is kept how many processes of a name there are; without it they
 *                             are not told apart
 *   SYSCALL_POINTS_STRIKE     a point: SIGKILL instead of that call
 *   SYSCALL_POINTS_ERROR      a number: the call is not made, and fails with this errno; nobody is killed
 *   SYSCALL_POINTS_FILL       a file: it takes all the space that its disk has left; nobody is killed
 *   SYSCALL_POINTS_ONCE       a file that is made when it strikes, of a disk once it is full; where there is one
 *                             already, it does not
 *
 * It must never change what any other call does, its errno or its order. It does not see
 *   - vfork(2) and exec (a new program counts for itself), what is written to shared memory, any program that does
 *     without the C library;
 *   - a file in a mount that has no place: the overlay through which files are copied into a container;
 *   - what neither conman nor its SQLite calls: creat, fallocate, truncate, pwritev, copy_file_range, splice,
 *     mknodat, setxattr, fsetxattr, removexattr, utimes, sendmmsg, killpg.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "points.h"

#define COMM 16
#define NAMES 256
#define POINT (COMM + 32)
#define SECTOR 512

static struct count {
	char comm[COMM];
	int process, passed;
} counts[NAMES];
static atomic_flag busy = ATOMIC_FLAG_INIT;

/* ---- counting ------------------------------------------------------------------------------------------- */

/* 1: it is made. 0: it was there already. */
static int make(const char *variable, const char *file)
{
	int fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno != EEXIST)
		end(variable, strerror(errno));
	if (fd >= 0)
		syscall(SYS_close, fd);
	return fd >= 0;
}

/* How many processes have had a thread of this name, with this one. */
static int number_of_process(const char *comm)
{
	char file[LONGEST + COMM + 32];
	int number = 0;

	if (told.processes == NULL)
		return 1;
	do {
		int start = snprintf(file, sizeof file, "%s/", told.processes);
		snprintf(file + start, COMM + 16, "%s#%d", comm, ++number);
		for (char *slash = file + start; (slash = strchr(slash, '/')) != NULL;)
			*slash = '!';
	} while (!make("SYSCALL_POINTS_PROCESSES", file));
	return number;
}

static struct count *count_of(const char *comm)
{
	for (struct count *one = counts; one < counts + NAMES; one++) {
		if (one->comm[0] == 0) {
			one->process = number_of_process(comm);
			strcpy(one->comm, comm);
		}
		if (strcmp(one->comm, comm) == 0)
			return one;
	}
	end("its threads", "they have more names than can be counted");
}

static void next(char *point)
{
	char comm[COMM] = "";

	prctl(PR_GET_NAME, comm);
	while (atomic_flag_test_and_set(&busy))
		;
	struct count *one = count_of(comm);
	int number = ++one->passed, process = one->process;
	atomic_flag_clear(&busy);
	if (process == 1)
		snprintf(point, POINT, "%s@%d", comm, number);
	else
		snprintf(point, POINT, "%s#%d@%d", comm, process, number);
}

static void note(const char *point, const char *call, const char *what)
{
	/* Room for any path. */
	char line[2 * LONGEST + 128];

	if (told.log == NULL)
		return;
	int size = snprintf(line, sizeof line, "%s %s %s\n", point, call, what);
	int fd = syscall(SYS_openat, AT_FDCWD, told.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0) {
		syscall(SYS_write, fd, line, size);
		syscall(SYS_close, fd);
	}
}

/* ---- striking ------------------------------------------------------------------------------------------- */

static int is_the_first_time(void)
{
	return told.once == NULL || make("SYSCALL_POINTS_ONCE", told.once);
}

/* In ever smaller pieces, until there is not one block left. Whether it is so: else nothing of it stays. */
static int fill(const char *path)
{
	int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error = 0;
	off_t size = 0, piece = 1 << 24;

	while (fd >= 0 && piece >= SECTOR)
		if (syscall(SYS_fallocate, fd, 0, size, piece) == 0)
			size += piece;
		else if ((error = errno) != EINTR)
			piece /= 2;
	if (fd >= 0)
		syscall(SYS_close, fd);
	if (fd >= 0 && error != ENOSPC)
		syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	return error == ENOSPC;
}

/* Whether the call is to fail; errno says of what. */
static int strike(void)
{
	if (told.fill != NULL) {
		int is_over = told.once != NULL && syscall(SYS_faccessat, AT_FDCWD, told.once, F_OK) == 0;
		if (!is_over && fill(told.fill))
			is_the_first_time();
		return 0;
	}
	if (!is_the_first_time())
		return 0;
	if (told.error != 0) {
		errno = told.error;
		return 1;
	}
	syscall(SYS_kill, getpid(), SIGKILL);
	for (;;)
		pause();
}

int pass(const char *call, const char *what)
{
	int before = errno;
	char point[POINT];

	next(point);
	note(point, call, what);
	if (told.strike != NULL && strcmp(told.strike, point) == 0 && strike())
		return 1;
	errno = before;
	return 0;
}

/* A child counts for itself. */
static void begin_anew(void)
{
	memset(counts, 0, sizeof counts);
	atomic_flag_clear(&busy);
}

__attribute__((constructor)) static void begin(void)
{
	be_told();
	pthread_atfork(NULL, NULL, begin_anew);
}
