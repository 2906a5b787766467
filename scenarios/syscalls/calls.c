/*
 * The calls that count, each in the place of the C library's: asked about first, and then done by that one.
 *
 * It must never do a call otherwise than it was asked for.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "points.h"

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
CALL(ssize_t, sendfile, (int fd, int from, off_t *at, size_t size), (fd, from, at, size), about_descriptor("sendfile", fd))
CALL(ssize_t, sendfile64, (int fd, int from, off64_t *at, size_t size), (fd, from, at, size), about_descriptor("sendfile", fd))
CALL(ssize_t, send, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags), about_socket("send", fd))
CALL(ssize_t, sendto, (int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length), (fd, data, size, flags, to, length), to == NULL ? about_socket("sendto", fd) : about_address("sendto", fd, (const struct sockaddr_un *)to, length))
CALL(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags), about_socket("sendmsg", fd))
CALL(int, bind, (int fd, const struct sockaddr *to, socklen_t length), (fd, to, length), about_address("bind", fd, (const struct sockaddr_un *)to, length))
CALL(int, connect, (int fd, const struct sockaddr *to, socklen_t length), (fd, to, length), about_address("connect", fd, (const struct sockaddr_un *)to, length))
CALL(int, fsync, (int fd), (fd), about_descriptor("fsync", fd))
CALL(int, fdatasync, (int fd), (fd), about_descriptor("fdatasync", fd))
CALL(int, syncfs, (int fd), (fd), about_descriptor("syncfs", fd))
CALL(int, ftruncate, (int fd, off_t size), (fd, size), about_descriptor("ftruncate", fd))
CALL(int, ftruncate64, (int fd, off64_t size), (fd, size), about_descriptor("ftruncate", fd))
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), about_descriptor("fchmod", fd))
CALL(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), about_descriptor("fchown", fd))
CALL(int, chmod, (const char *path, mode_t mode), (path, mode), about_path("chmod", AT_FDCWD, path))
CALL(int, chown, (const char *path, uid_t user, gid_t group), (path, user, group), about_path("chown", AT_FDCWD, path))
CALL(int, fchmodat, (int at, const char *path, mode_t mode, int flags), (at, path, mode, flags), about_path("fchmodat", at, path))
CALL(int, lchown, (const char *path, uid_t user, gid_t group), (path, user, group), about_path("lchown", AT_FDCWD, path))
CALL(int, fchownat, (int at, const char *path, uid_t user, gid_t group, int flags), (at, path, user, group, flags), about_path("fchownat", at, path))
CALL(int, utimensat, (int at, const char *path, const struct timespec times[2], int flags), (at, path, times, flags), about_path("utimensat", at, path))
CALL(int, futimens, (int fd, const struct timespec times[2]), (fd, times), about_descriptor("futimens", fd))
CALL(int, lsetxattr, (const char *path, const char *name, const void *value, size_t size, int flags), (path, name, value, size, flags), about_path("lsetxattr", AT_FDCWD, path))
CALL(int, mknod, (const char *path, mode_t mode, dev_t device), (path, mode, device), about_path("mknod", AT_FDCWD, path))
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), about_path("mkdir", AT_FDCWD, path))
CALL(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), about_path("mkdirat", at, path))
CALL(int, mkfifo, (const char *path, mode_t mode), (path, mode), about_path("mkfifo", AT_FDCWD, path))
CALL(int, mkfifoat, (int at, const char *path, mode_t mode), (at, path, mode), about_path("mkfifoat", at, path))
CALL(int, rmdir, (const char *path), (path), about_path("rmdir", AT_FDCWD, path))
CALL(int, unlink, (const char *path), (path), about_path("unlink", AT_FDCWD, path))
CALL(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), about_path("unlinkat", at, path))
CALL(int, rename, (const char *from, const char *to), (from, to), about_either("rename", AT_FDCWD, from, AT_FDCWD, to))
CALL(int, renameat, (int from_at, const char *from, int at, const char *to), (from_at, from, at, to), about_either("renameat", from_at, from, at, to))
CALL(int, renameat2, (int from_at, const char *from, int at, const char *to, unsigned flags), (from_at, from, at, to, flags), about_either("renameat2", from_at, from, at, to))
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

#define ACCEPT(name, parameters, arguments) \
	int name parameters \
	{ \
		static int (*real) parameters; \
		if (real == NULL) \
			real = (int (*) parameters)dlsym(RTLD_NEXT, #name); \
		int taken = real arguments; \
		accepted(fd, taken); \
		return taken; \
	}

ACCEPT(accept, (int fd, struct sockaddr *from, socklen_t *length), (fd, from, length))
ACCEPT(accept4, (int fd, struct sockaddr *from, socklen_t *length, int flags), (fd, from, length, flags))

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
