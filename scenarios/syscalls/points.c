/*
 * Kills a process just before one of its calls that change the world outside, has that call fail, or fills its disk
 * up before it: preloaded, it counts them.
 *
 * A point is COMM@N: the n-th such call that a process's threads of this name make. (conmand names a worker
 * after its effect.) What counts is a file, directory or mount below the places that are looked at, a socket
 * there but the one that clients use, and what makes, starts or signals processes. Never counted: pipes,
 * event descriptors, what others' sockets carry; they come in no certain number.
 *
 *   SYSCALL_POINTS_UNDER   the places, with colons between them
 *   SYSCALL_POINTS_LOG     a file: a line "COMM@N CALL WHAT" for each point that is passed
 *   SYSCALL_POINTS_STRIKE  COMM@N: SIGKILL instead of that call
 *   SYSCALL_POINTS_ERROR   a number: the call is not made, and fails with this errno; nobody is killed
 *   SYSCALL_POINTS_FILL    a file: it takes all the space that its disk has left; nobody is killed
 *   SYSCALL_POINTS_ONCE    a file that is made when it strikes; where there is one already, it does not
 *
 * It must never change what any other call does, its errno or its order. It does not see vfork(2) and exec (a new
 * program counts for itself), what is written to shared memory, nor any program that does without the C library.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define COMM 16
#define NAMES 256
#define LONGEST 4096
#define SECTOR 512
#define CLIENTS_SOCKET "/conmand.sock"

static struct {
	char comm[COMM];
	int passed;
} counts[NAMES];
static atomic_flag busy = ATOMIC_FLAG_INIT;

/* ---- counting ------------------------------------------------------------------------------------------- */

static int next_number(const char *comm)
{
	int number = 0;

	while (atomic_flag_test_and_set(&busy))
		;
	for (int i = 0; i < NAMES; i++) {
		if (counts[i].comm[0] == 0)
			strcpy(counts[i].comm, comm);
		if (strcmp(counts[i].comm, comm) == 0) {
			number = ++counts[i].passed;
			break;
		}
	}
	atomic_flag_clear(&busy);
	return number;
}

static void note(const char *point, const char *call, const char *what)
{
	const char *log = getenv("SYSCALL_POINTS_LOG");
	char line[LONGEST + 128];

	if (log == NULL)
		return;
	int size = snprintf(line, sizeof line, "%s %s %s\n", point, call, what);
	int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0) {
		syscall(SYS_write, fd, line, size);
		syscall(SYS_close, fd);
	}
}

static int is_to_be_struck(const char *point)
{
	const char *wanted = getenv("SYSCALL_POINTS_STRIKE"), *once = getenv("SYSCALL_POINTS_ONCE");

	if (wanted == NULL || strcmp(wanted, point) != 0)
		return 0;
	if (once == NULL)
		return 1;
	int fd = syscall(SYS_openat, AT_FDCWD, once, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		syscall(SYS_close, fd);
	return fd >= 0;
}

/* In ever smaller pieces, until there is not one block left. */
static void fill(const char *path)
{
	int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	off_t size = 0, piece = 1 << 24;

	while (fd >= 0 && piece >= SECTOR)
		if (syscall(SYS_fallocate, fd, 0, size, piece) == 0)
			size += piece;
		else
			piece /= 2;
	if (fd >= 0)
		syscall(SYS_close, fd);
}

/* Whether the call is to fail; errno says of what. */
static int strike(void)
{
	const char *error = getenv("SYSCALL_POINTS_ERROR"), *ballast = getenv("SYSCALL_POINTS_FILL");

	if (ballast != NULL) {
		fill(ballast);
		return 0;
	}
	if (error != NULL) {
		errno = atoi(error);
		return 1;
	}
	syscall(SYS_kill, getpid(), SIGKILL);
	for (;;)
		pause();
}

/* As `strike`; where nothing strikes errno is as it was. */
static int pass(const char *call, const char *what)
{
	int before = errno;
	char comm[COMM] = "", point[COMM + 16];

	prctl(PR_GET_NAME, comm);
	snprintf(point, sizeof point, "%s@%d", comm, next_number(comm));
	note(point, call, what);
	if (is_to_be_struck(point) && strike())
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
	pthread_atfork(NULL, NULL, begin_anew);
}

/* ---- what a call is about ------------------------------------------------------------------------------- */

static int is_looked_at(const char *path)
{
	const char *place = getenv("SYSCALL_POINTS_UNDER");

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

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	linked(link, path);
}

static int about_path(const char *call, int directory, const char *path)
{
	int before = errno;
	char whole[2 * LONGEST], *end = whole;

	if (path != NULL && path[0] != '/') {
		if (directory == AT_FDCWD)
			linked("/proc/self/cwd", whole);
		else
			descriptor(directory, whole);
		end += strlen(whole);
		*end++ = '/';
	}
	snprintf(end, LONGEST, "%s", path == NULL ? "" : path);
	errno = before;
	return is_looked_at(whole) && pass(call, whole);
}

static int about_address(const char *call, const struct sockaddr_un *address, socklen_t size)
{
	char path[sizeof address->sun_path + 1] = "";
	size_t start = offsetof(struct sockaddr_un, sun_path);

	if (size <= start || address->sun_family != AF_UNIX)
		return 0;
	memcpy(path, address->sun_path, size - start < sizeof address->sun_path ? size - start : sizeof address->sun_path);
	size_t end = strlen(path), clients = strlen(CLIENTS_SOCKET);
	int is_clients = end > clients && strcmp(path + end - clients, CLIENTS_SOCKET) == 0;
	return is_looked_at(path) && !is_clients && pass(call, path);
}

static int about_socket(const char *call, int fd)
{
	int before = errno;
	struct sockaddr_un address;
	socklen_t size = sizeof address;

	if (getpeername(fd, (struct sockaddr *)&address, &size) != 0 || size <= offsetof(struct sockaddr_un, sun_path)) {
		size = sizeof address;
		if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
			size = 0;
	}
	errno = before;
	return about_address(call, &address, size);
}

static int about_descriptor(const char *call, int fd)
{
	int before = errno;
	char path[LONGEST];

	descriptor(fd, path);
	errno = before;
	if (strncmp(path, "socket:", 7) == 0)
		return about_socket(call, fd);
	return is_looked_at(path) && pass(call, path);
}

/* ---- the calls ------------------------------------------------------------------------------------------ */

#define CALL(type, name, parameters, arguments, about) CALL_OR(type, -1, name, parameters, arguments, about)

#define CALL_OR(type, failed, name, parameters, arguments, about) \
	type name parameters \
	{ \
		static type (*real) parameters; \
		if (real == NULL) \
			real = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
		if (about) \
			return failed; \
		return real arguments; \
	}

CALL(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size), about_descriptor("write", fd))
CALL(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), about_descriptor("pwrite", fd))
CALL(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), about_descriptor("pwrite", fd))
CALL(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count), about_descriptor("writev", fd))
CALL(ssize_t, send, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags), about_socket("send", fd))
CALL(ssize_t, sendto, (int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length), (fd, data, size, flags, to, length), about_socket("sendto", fd))
CALL(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags), about_socket("sendmsg", fd))
CALL(int, bind, (int fd, const struct sockaddr *to, socklen_t length), (fd, to, length), about_address("bind", (const struct sockaddr_un *)to, length))
CALL(int, connect, (int fd, const struct sockaddr *to, socklen_t length), (fd, to, length), about_address("connect", (const struct sockaddr_un *)to, length))
CALL(int, fsync, (int fd), (fd), about_descriptor("fsync", fd))
CALL(int, fdatasync, (int fd), (fd), about_descriptor("fdatasync", fd))
CALL(int, syncfs, (int fd), (fd), about_descriptor("syncfs", fd))
CALL(int, ftruncate, (int fd, off_t size), (fd, size), about_descriptor("ftruncate", fd))
CALL(int, ftruncate64, (int fd, off64_t size), (fd, size), about_descriptor("ftruncate", fd))
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), about_descriptor("fchmod", fd))
CALL(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), about_descriptor("fchown", fd))
CALL(int, chmod, (const char *path, mode_t mode), (path, mode), about_path("chmod", AT_FDCWD, path))
CALL(int, chown, (const char *path, uid_t user, gid_t group), (path, user, group), about_path("chown", AT_FDCWD, path))
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), about_path("mkdir", AT_FDCWD, path))
CALL(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), about_path("mkdirat", at, path))
CALL(int, mkfifo, (const char *path, mode_t mode), (path, mode), about_path("mkfifo", AT_FDCWD, path))
CALL(int, mkfifoat, (int at, const char *path, mode_t mode), (at, path, mode), about_path("mkfifoat", at, path))
CALL(int, rmdir, (const char *path), (path), about_path("rmdir", AT_FDCWD, path))
CALL(int, unlink, (const char *path), (path), about_path("unlink", AT_FDCWD, path))
CALL(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), about_path("unlinkat", at, path))
CALL(int, rename, (const char *from, const char *to), (from, to), about_path("rename", AT_FDCWD, to))
CALL(int, renameat, (int from_at, const char *from, int at, const char *to), (from_at, from, at, to), about_path("renameat", at, to))
CALL(int, renameat2, (int from_at, const char *from, int at, const char *to, unsigned flags), (from_at, from, at, to, flags), about_path("renameat2", at, to))
CALL(int, link, (const char *from, const char *to), (from, to), about_path("link", AT_FDCWD, to))
CALL(int, linkat, (int from_at, const char *from, int at, const char *to, int flags), (from_at, from, at, to, flags), about_path("linkat", at, to))
CALL(int, symlink, (const char *from, const char *to), (from, to), about_path("symlink", AT_FDCWD, to))
CALL(int, symlinkat, (const char *from, int at, const char *to), (from, at, to), about_path("symlinkat", at, to))
CALL(int, mount, (const char *from, const char *to, const char *type, unsigned long flags, const void *data), (from, to, type, flags, data), about_path("mount", AT_FDCWD, to))
CALL(int, umount, (const char *path), (path), about_path("umount", AT_FDCWD, path))
CALL(int, umount2, (const char *path, int flags), (path, flags), about_path("umount2", AT_FDCWD, path))
CALL(int, setns, (int fd, int type), (fd, type), pass("setns", ""))
CALL(int, unshare, (int flags), (flags), pass("unshare", ""))
CALL(int, kill, (pid_t pid, int number), (pid, number), pass("kill", ""))
CALL(pid_t, fork, (void), (), pass("fork", ""))
CALL_OR(int, errno, posix_spawn, (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]), (pid, path, actions, attributes, arguments, environment), pass("posix_spawn", path))
CALL_OR(int, errno, posix_spawnp, (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]), (pid, path, actions, attributes, arguments, environment), pass("posix_spawn", path))

#define MODE(flags) \
	mode_t mode = 0; \
	if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) { \
		va_list rest; \
		va_start(rest, flags); \
		mode = va_arg(rest, mode_t); \
		va_end(rest); \
	}

static int about_open(const char *call, int at, const char *path, int flags)
{
	return flags & (O_CREAT | O_TRUNC) && about_path(call, at, path);
}

#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		static int (*real)(const char *, int, ...); \
		MODE(flags) \
		if (real == NULL) \
			real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
		if (about_open("open", AT_FDCWD, path, flags)) \
			return -1; \
		return real(path, flags, mode); \
	}

#define OPENAT(name) \
	int name(int at, const char *path, int flags, ...) \
	{ \
		static int (*real)(int, const char *, int, ...); \
		MODE(flags) \
		if (real == NULL) \
			real = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, #name); \
		if (about_open("openat", at, path, flags)) \
			return -1; \
		return real(at, path, flags, mode); \
	}

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* For what the C library has no function: of these Python signals by pidfd. */
long syscall(long number, ...)
{
	static long (*real)(long, ...);
	va_list rest;
	long a[6];

	if (real == NULL)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	va_start(rest, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(rest, long);
	va_end(rest);
	if (number == SYS_pidfd_send_signal && pass("pidfd_send_signal", ""))
		return -1;
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
