/* Takes the terminals that a runtime sends to a console socket, and reads what is said there.
 *
 *     recvtty [--pid-file FILE] [--mode single|null] [--no-stdin] SOCKET
 *
 * `null` reads away what they say, all of them; `single` writes what the first one says to its stdout,
 * and ends with it. runc's tests start one in the background and call the runtime at once: it listens
 * before anything else, and writes its pid only then. It must never read its own stdin.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int failed(const char *what)
{
	perror(what);
	return 1;
}

/* The terminal that came with one byte or more; -1 where none did. */
static int received(int connection)
{
	char name[4096];
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec into = {name, sizeof name};
	struct msghdr message = {
		.msg_iov = &into,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control,
	};
	int terminal = -1;

	if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) > 0 && CMSG_FIRSTHDR(&message))
		memcpy(&terminal, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof terminal);
	return terminal;
}

/* Until the other end is closed; `to` is a descriptor, or -1. */
static int drained(int connection, int to)
{
	char said[4096];
	ssize_t count;
	int terminal = received(connection);

	close(connection);
	while ((count = read(terminal, said, sizeof said)) > 0)
		if (to >= 0 && write(to, said, count) != count)
			return failed("write");
	return terminal < 0;
}

/* A process for each terminal; who kills recvtty hangs all of them up. */
static int drain_all(int listener)
{
	int connection;

	signal(SIGCHLD, SIG_IGN);
	while ((connection = accept(listener, NULL, NULL)) >= 0) {
		pid_t child = fork();

		if (child < 0)
			return failed("fork");
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(listener);
			_exit(drained(connection, -1));
		}
		close(connection);
	}
	return failed("accept");
}

static int listening(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof address.sun_path) {
		fprintf(stderr, "recvtty: %s: longer than a socket's path may be\n", path);
		return -1;
	}
	strcpy(address.sun_path, path);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) {
		perror(path);
		return -1;
	}
	return listener;
}

int main(int count, char **words)
{
	const char *pid_file = NULL, *path = NULL, *mode = "single";
	int listener;

	for (int i = 1; i < count; i++) {
		if (!strcmp(words[i], "--pid-file") && i + 1 < count)
			pid_file = words[++i];
		else if (!strcmp(words[i], "--mode") && i + 1 < count)
			mode = words[++i];
		else if (words[i][0] != '-')
			path = words[i];
	}
	if (!path) {
		fprintf(stderr, "usage: recvtty [--pid-file FILE] [--mode single|null] SOCKET\n");
		return 1;
	}
	listener = listening(path);
	if (listener < 0)
		return 1;
	if (pid_file) {
		FILE *file = fopen(pid_file, "w");

		if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file))
			return failed(pid_file);
	}
	if (!strcmp(mode, "null"))
		return drain_all(listener);
	return drained(accept(listener, NULL, NULL), STDOUT_FILENO);
}
