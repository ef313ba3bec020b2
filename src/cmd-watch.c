// SPDX-License-Identifier: MIT
/* `keeltune sockets --watch`: a sample, its page or its lines, and a pause, until somebody ends it,
 * nobody reads any more, or as many as were asked for are taken. */
#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "error.h"
#include "frame.h"
#include "pool.h"
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct screen {
	struct session *session;
	struct watch *watch;
	struct style style;
	int signals;   /* signalfd */
	bool is_drawn; /* on the terminal's other screen */
};

enum wake { WAKE_TIME, WAKE_RESIZED, WAKE_ENDED, WAKE_UNREAD };

/* 0 or -errno. */
static int write_all(const char *bytes, size_t size)
{
	while (size) {
		ssize_t written = write(STDOUT_FILENO, bytes, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

static int write_text(const char *text)
{
	return write_all(text, strlen(text));
}

static void measure(struct screen *screen)
{
	struct winsize window = { 0 };

	if (!screen->style.columns)
		return;
	bool known = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) && window.ws_col && window.ws_row;
	screen->style.columns = known ? window.ws_col : 80;
	screen->style.lines = known ? window.ws_row : 24;
}

/* The sample as bytes, in the pool of the sample. */
static int render(struct screen *screen, struct pool *pool, const struct style *style,
		  const char **ret)
{
	const struct context *context = screen->session->context;
	struct report report = screen->session->report;
	autofree char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	report.pool = pool;
	report.time = screen->watch->time.tv_sec;
	report.result = "ok";
	report.watch = screen->watch;
	context->outputs->renderer->render[REPORT_SAMPLE](out, &report, style);
	bool failed = ferror(out);
	if (fclose(out) || failed)
		return -ENOMEM;
	*ret = pool_copy(pool, text, size);
	return 0;
}

/* One write(2) for a page. */
static int show(struct screen *screen)
{
	struct pool *pool = pool_new();
	const char *text;
	int rc = render(screen, pool, &screen->style, &text);

	if (!rc && screen->style.columns) {
		const char *frame =
			frame_draw(pool, text, screen->style.columns, screen->style.lines);
		rc = write_text(screen->is_drawn ? frame
						 : pool_printf(pool, FRAME_BEGIN "%s", frame));
		screen->is_drawn = true;
	} else if (!rc) {
		rc = write_text(text);
	}
	pool_free(pool);
	return rc;
}

/* Gives the terminal back; the last page stays to be read. */
static void leave(struct screen *screen)
{
	struct pool *pool = pool_new();
	struct style style = screen->style;
	const char *text;

	style.lines = WATCH_SHOWN;
	if (screen->is_drawn) {
		screen->is_drawn = false;
		if (!render(screen, pool, &style, &text))
			write_text(pool_printf(pool, FRAME_END "%s", text));
		else
			write_text(FRAME_END);
	}
	pool_free(pool);
}

/* Ctrl-Z: the shell gets its screen, and the page comes back with `fg`. */
static void stop(struct screen *screen)
{
	if (screen->is_drawn)
		write_text(FRAME_END);
	screen->is_drawn = false;
	kill(getpid(), SIGSTOP);
}

static enum wake take_signal(struct screen *screen)
{
	struct signalfd_siginfo signal;

	if (read(screen->signals, &signal, sizeof signal) != sizeof signal)
		return WAKE_TIME;
	switch (signal.ssi_signo) {
	case SIGTSTP:
		stop(screen);
		measure(screen);
		return WAKE_RESIZED;
	case SIGWINCH:
		measure(screen);
		return WAKE_RESIZED;
	default:
		return WAKE_ENDED;
	}
}

/* Until END, or something happens. */
static enum wake pause_until(struct screen *screen, double end)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = screen->signals, .events = POLLIN },
					{ .fd = STDOUT_FILENO } };
		double left = (end - clock_now()) * 1000;
		int rc = poll(fds, 2, left > 0 ? (int)left + 1 : 0);
		if (rc < 0 && errno != EINTR)
			return WAKE_ENDED;
		if (rc > 0 && fds[0].revents) {
			enum wake wake = take_signal(screen);
			if (wake != WAKE_TIME)
				return wake;
		} else if (rc > 0 && (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))) {
			return WAKE_UNREAD;
		} else if (rc == 0 && clock_now() >= end) {
			return WAKE_TIME;
		}
	}
}

/* What was asked for is all there, or was for somebody who is not interested any more. */
static int end_unread(const struct screen *screen)
{
	return screen->session->context->options.samples ? EXIT_TROUBLE : EXIT_OK;
}

static int end_failed(struct screen *screen, const struct error *err)
{
	leave(screen);
	complain("%s", err->message);
	return err->code == -ESRCH && screen->watch->sample > 1 ? EXIT_OK : EXIT_TROUBLE;
}

static int run(struct screen *screen)
{
	const struct options *options = &screen->session->context->options;
	double start = clock_now(), turn = 0;

	for (;;) {
		struct error err;
		enum wake wake = WAKE_RESIZED;
		if (watch_sample(screen->watch, &err) < 0)
			return end_failed(screen, &err);
		int rc = show(screen);
		if (!rc && options->samples && screen->watch->sample == options->samples)
			break;
		double behind = clock_now() - start;
		turn++;
		while (turn * options->watch < behind) /* this took longer: leave out */
			turn++;
		while (!rc && wake == WAKE_RESIZED) {
			wake = pause_until(screen, start + turn * options->watch);
			if (wake == WAKE_RESIZED && screen->style.columns)
				rc = show(screen);
		}
		if (rc == -EPIPE || rc == -EIO || wake == WAKE_UNREAD)
			return end_unread(screen);
		if (rc) {
			complain("standard output: %s", strerror(-rc));
			return EXIT_TROUBLE;
		}
		if (wake == WAKE_ENDED)
			break;
	}
	leave(screen);
	return EXIT_OK;
}

/* By the environment, as setlocale(3) would find it. */
static bool has_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL;

	for (size_t i = 0; i < sizeof names / sizeof *names && !(value && *value); i++)
		value = getenv(names[i]);
	return value && (strcasestr(value, "utf-8") || strcasestr(value, "utf8"));
}

static int open_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static const char *objection(const struct context *context)
{
	const struct options *options = &context->options;

	if (options->root)
		return "sockets are of the running system: --root does not go with them";
	if (context->outputs->file || context->output_count > 1)
		return "--watch goes on and on: redirect it instead of --output or --also";
	if (options->quiet)
		return "--watch is there to be seen: --quiet does not go with it";
	if (options->state || options->port || options->older_than || options->user ||
	    options->check_count)
		return "--watch counts all sockets of a network namespace: with --pid, --netns and "
		       "--summary, not with --state, --port, --older-than, --user or --check";
	if (options->netns && !strcmp(options->netns, "all"))
		return "--watch looks at one network namespace: --netns NAME";
	if (options->summary && options->pid)
		return "--summary asks nobody who holds the sockets: --pid does not go with it";
	return NULL;
}

int cmd_watch(const struct context *context)
{
	const struct options *options = &context->options;
	struct session session;
	struct watch watch = { .request = { .filter = SOCKET_FILTER_ALL,
					    .netns = options->netns,
					    .pid = options->pid,
					    .summary = options->summary } };
	const char *why = context->argument_count ? "sockets --watch takes no argument, but options"
						  : objection(context);

	if (why) {
		complain("%s", why);
		return EXIT_TROUBLE;
	}
	if (session_open(context, false, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	bool terminal = isatty(STDOUT_FILENO);
	struct screen screen = { .session = &session,
				 .watch = &watch,
				 .style = { .color = context->outputs->color,
					    .terminal = terminal,
					    .verbose = options->verbose,
					    .columns =
						    terminal && context->outputs->renderer->draws,
					    .utf8 = has_utf8() },
				 .signals = open_signals() };
	host_identify(session.host, &session.report.host);
	if (context->outputs->renderer->wants_machine_id)
		session.report.machine_id = host_machine_id(session.host);
	measure(&screen);
	int status = run(&screen);
	if (screen.signals >= 0)
		close(screen.signals);
	watch_free(&watch);
	session_close(&session);
	return status;
}
