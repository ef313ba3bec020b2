// SPDX-License-Identifier: MIT
/* leak-server [OPTION...] VARIANT
 *
 * A server that does one thing wrong. VARIANT is one of
 *
 *	fixed           reads to the end and closes: nothing is wrong
 *	read-once       reads once and never closes
 *	never-reads     accepts, reads nothing, never closes
 *	reads-to-eof    sees the end of the connection and does not close
 *	never-accepts   listens only
 *	workers         reads-to-eof, and then forks workers (-w) that inherit the sockets
 *	thread          read-once in a thread with a descriptor table of its own
 *	headless        read-once in a thread, after its first thread has ended
 *	in-flight       sends each connection to a socket that nobody receives from, and closes its
 *own
 *
 * Options: -a ADDRESS (127.0.0.1), -p PORT (0: any), -n COUNT of connections (1), -b BACKLOG
 *(4096), -k SO_KEEPALIVE on every connection, -l soft NOFILE limit, -w WORKERS (2), -c COMM, -i
 *INHERITED: a listening descriptor to use instead of an own one.
 *
 * It says "listening PORT", "settled" once COUNT connections are in their last state, "emfile" the
 *first time that descriptors run out, and goes on until it is killed. */
#include "lab-common.h"

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/epoll.h>

enum stage { NOTHING, ACCEPT, READ, READ_TO_EOF, CLOSE };

struct variant {
	const char *name;
	enum stage last; /* what it does with a connection before it forgets it */
	bool forks, has_thread, first_ends, sends;
};

static const struct variant variants[] = {
	{ .name = "fixed", .last = CLOSE },
	{ .name = "read-once", .last = READ },
	{ .name = "never-reads", .last = ACCEPT },
	{ .name = "reads-to-eof", .last = READ_TO_EOF },
	{ .name = "never-accepts", .last = NOTHING },
	{ .name = "workers", .last = READ_TO_EOF, .forks = true },
	{ .name = "thread", .last = READ, .has_thread = true },
	{ .name = "headless", .last = READ, .has_thread = true, .first_ends = true },
	{ .name = "in-flight", .last = READ, .sends = true },
};

struct server {
	const struct variant *variant;
	const char *address, *comm;
	long port, count, backlog, soft, workers;
	bool keepalive, said_emfile;
	int listener, epoll, mailbox[2];
	long settled;
};

static void watch(const struct server *server, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
}

/* The descriptor exists in the message only, once ours is closed. */
static void send_away(const struct server *server, int fd)
{
	char control[CMSG_SPACE(sizeof fd)] = { 0 }, byte = 0;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof control };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	if (sendmsg(server->mailbox[0], &message, 0) < 0)
		die("sendmsg");
	close(fd);
}

static void fork_workers(const struct server *server)
{
	for (long i = 0; i < server->workers; i++) {
		pid_t child = fork();
		if (child < 0)
			die("fork");
		if (child)
			continue;
		end_with_parent();
		for (;;)
			pause();
	}
}

static void count_settled(struct server *server)
{
	if (++server->settled != server->count)
		return;
	if (server->variant->forks)
		fork_workers(server);
	say("settled");
}

static void accept_one(struct server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0) {
		if (server->variant->last == ACCEPT)
			count_settled(server);
		else
			watch(server, fd);
		return;
	}
	if (errno != EMFILE)
		die("accept");
	if (!server->said_emfile)
		say("emfile");
	server->said_emfile = true;
	usleep(20000); /* as servers do that poll a listener which they cannot accept from */
}

static void read_one(struct server *server, int fd)
{
	char buffer[4096];
	ssize_t length = read(fd, buffer, sizeof buffer);

	if (length > 0 && server->variant->last != READ)
		return;
	if (epoll_ctl(server->epoll, EPOLL_CTL_DEL, fd, NULL))
		die("epoll_ctl");
	if (server->variant->last == CLOSE)
		close(fd);
	if (server->variant->sends)
		send_away(server, fd);
	count_settled(server);
}

static void *serve(void *argument)
{
	struct server *server = argument;
	struct epoll_event event;

	if (server->variant->has_thread && !server->variant->first_ends && unshare(CLONE_FILES))
		die("unshare");
	for (;;) {
		if (epoll_wait(server->epoll, &event, 1, -1) < 0) {
			if (errno == EINTR)
				continue;
			die("epoll_wait");
		}
		if (event.data.fd == server->listener)
			accept_one(server);
		else
			read_one(server, event.data.fd);
	}
	return NULL;
}

static void open_listener(struct server *server)
{
	union address address;
	const int one = 1;

	socklen_t length = parse_address(server->address, server->port, &address);
	server->listener = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->listener < 0 ||
	    setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
	    bind(server->listener, &address.any, length) ||
	    listen(server->listener, (int)server->backlog))
		die(server->address);
	if (server->keepalive &&
	    setsockopt(server->listener, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one))
		die("SO_KEEPALIVE");
	length = sizeof address;
	if (getsockname(server->listener, &address.any, &length))
		die("getsockname");
	/* Both families have the port at the same place. */
	say("listening %d", ntohs(address.in.sin_port));
}

static const struct variant *find_variant(const char *name)
{
	for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
		if (name && strcmp(name, variants[i].name) == 0)
			return &variants[i];
	fputs("usage: leak-server [-k] [-a ADDRESS] [-p PORT] [-n COUNT] [-b BACKLOG] [-l SOFT]\n"
	      "       [-w WORKERS] [-c COMM] VARIANT; one of:",
	      stderr);
	for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
		fprintf(stderr, " %s", variants[i].name);
	fputc('\n', stderr);
	exit(2);
}

static void parse(struct server *server, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "a:b:c:kl:n:p:w:")) != -1) {
		if (option == 'a')
			server->address = optarg;
		else if (option == 'b')
			server->backlog = number(optarg, 0, 65535);
		else if (option == 'c')
			server->comm = optarg;
		else if (option == 'k')
			server->keepalive = true;
		else if (option == 'l')
			server->soft = number(optarg, 3, 1000000);
		else if (option == 'n')
			server->count = number(optarg, 1, 1000000);
		else if (option == 'p')
			server->port = number(optarg, 0, 65535);
		else if (option == 'w')
			server->workers = number(optarg, 1, 100);
		else
			find_variant(NULL);
	}
	server->variant = find_variant(argv[optind]);
	if (!server->comm)
		server->comm = server->variant->name;
}

int main(int argc, char **argv)
{
	static struct server server = { /* it outlives this thread */
					.address = "127.0.0.1",
					.count = 1,
					.backlog = 4096,
					.workers = 2,
					.listener = -1
	};
	struct rlimit limit;
	pthread_t thread;

	parse(&server, argc, argv);
	end_with_parent();
	close_range(3, ~0U, 0); /* what a test has open is no matter of this server */
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_NAME, server.comm);
	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("getrlimit");
	limit.rlim_cur = server.soft ? (rlim_t)server.soft : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("setrlimit");
	server.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server.epoll < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, server.mailbox))
		die("epoll_create, socketpair");
	open_listener(&server);
	if (server.variant->last == NOTHING) {
		say("settled");
		for (;;)
			pause();
	}
	watch(&server, server.listener);
	if (!server.variant->has_thread)
		serve(&server);
	if (pthread_create(&thread, NULL, serve, &server))
		die("pthread_create");
	if (server.variant->first_ends)
		pthread_exit(NULL);
	for (;;)
		pause();
}
