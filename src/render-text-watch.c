// SPDX-License-Identifier: MIT
/* One sample of `keeltune sockets --watch` for people: a page that is drawn again and again, or
 * lines that are added to a log. See render-text.h. */
#include "clock.h"
#include "pool.h"
#include "render-text.h"
#include "watch.h"

#include <inttypes.h>
#include <string.h>

#define BAR 12
#define BAR_WIDE 16
#define WIDE 84 /* columns for that */

/* From the lowest to the highest of its numbers. */
static const char *bar(struct pool *pool, const struct watch_series *series, unsigned size,
		       bool utf8)
{
	static const char *const blocks[] = { "\u2581", "\u2582", "\u2583", "\u2584",
					      "\u2585", "\u2586", "\u2587", "\u2588" };
	static const char *const plain[] = { "_", ".", ",", "-", "=", "+", "*", "#" };
	const char *const *steps = utf8 ? blocks : plain;
	unsigned count = series->count < size ? series->count : size;
	const uint64_t *numbers = series->numbers + series->count - count;
	uint64_t low = UINT64_MAX, high = 0;
	char *text = pool_alloc(pool, (size_t)count * strlen(blocks[0]) + 1), *to = text;

	for (unsigned i = 0; i < count; i++) {
		low = numbers[i] < low ? numbers[i] : low;
		high = numbers[i] > high ? numbers[i] : high;
	}
	for (unsigned i = 0; i < count; i++) {
		uint64_t step = high > low ? (numbers[i] - low) * 7 / (high - low) : 0;
		to = stpcpy(to, steps[step]);
	}
	return text;
}

static const char *per_second(struct pool *pool, double growth)
{
	double size = growth < 0 ? -growth : growth;

	return size < 0.005  ? "0"
	       : size < 0.1  ? pool_printf(pool, "%+.2f", growth)
	       : size < 1000 ? pool_printf(pool, "%+.1f", growth)
			     : pool_printf(pool, "%+.0f", growth);
}

static const char *time_left(struct pool *pool, double seconds)
{
	return seconds < 0             ? "-"
	       : seconds == 0          ? "now"
	       : seconds > 366 * 86400 ? "> 1y"
				       : duration_format(pool, (uint64_t)(seconds * 1000));
}

static const char *format_limit(struct pool *pool, const struct listed_process *process)
{
	return process->soft || process->hard ? limit_format(pool, process->soft) : "?";
}

/* "CLOSE_WAIT 12 (+3.2/s), LISTEN 4" */
static const char *states(struct pool *pool, const struct watch *watch)
{
	const char *text = pool_printf(pool, "CLOSE_WAIT %" PRIu64 " (%s/s)",
				       watch->states[TCP_STATE_CLOSE_WAIT],
				       per_second(pool, watch->growth[TCP_STATE_CLOSE_WAIT]));

	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++) {
		const char *growth = per_second(pool, watch->growth[state]);
		if (!watch->states[state] || state == TCP_STATE_CLOSE_WAIT)
			continue;
		text = pool_printf(pool, "%s, %s %" PRIu64, text, tcp_state_name(state),
				   watch->states[state]);
		if (*growth != '0')
			text = pool_printf(pool, "%s (%s/s)", text, growth);
	}
	return text;
}

/* ---- lines --------------------------------------------------------------------------------- */

static void print_lines(FILE *out, struct pool *pool, const struct watch *watch,
			const struct style *style)
{
	const char *now = clock_local(pool, watch->time.tv_sec);

	text_lines(out, pool, "", 4, pool_printf(pool, "%s %s", now, states(pool, watch)));
	for (size_t i = 0; i < watch->shown_count; i++) {
		const struct watched_process *process = watch->shown[i];
		const char *text = pool_printf(pool, "%s %s pid %d CLOSE_WAIT %" PRIu64, now,
					       text_safe(pool, process->now.comm), process->now.pid,
					       process->close_wait);
		if (process->dead)
			text = pool_printf(pool, "%s dead %" PRIu64, text, process->dead);
		text_lines(out, pool, "", 4,
			   pool_printf(pool, "%s descriptors %" PRIu32 " of %s (%s/s), full: %s %s",
				       text, process->now.used, format_limit(pool, &process->now),
				       per_second(pool, process->growth),
				       process->full < 0 ? "never" : time_left(pool, process->full),
				       bar(pool, &process->descriptors, BAR_WIDE, style->utf8)));
	}
	if (watch->left_out)
		fprintf(out, "%s and %zu more processes\n", now, watch->left_out);
}

/* ---- a page -------------------------------------------------------------------------------- */

static void print_row(FILE *out, struct pool *pool, const struct watched_process *process,
		      const struct style *style)
{
	bool is_bad = process_list_share(&process->now) >= NEAR_LIMIT ||
		      (process->full >= 0 && process->full < 3600);
	uint64_t held = process->close_wait + process->dead;

	fputs(style->color && is_bad ? RED : "", out);
	fprintf(out, "%-15.15s %7d %10" PRIu64 " %7" PRIu32 " %9s %7s %7s ",
		text_safe(pool, process->now.comm), process->now.pid, held, process->now.used,
		format_limit(pool, &process->now), per_second(pool, process->growth),
		time_left(pool, process->full));
	fputs(bar(pool, &process->descriptors, style->columns >= WIDE ? BAR_WIDE : BAR,
		  style->utf8),
	      out);
	fputs(style->color && is_bad ? PLAIN "\n" : "\n", out);
}

static void print_foot(FILE *out, struct pool *pool, const struct watch *watch, size_t hidden)
{
	if (hidden)
		fprintf(out, "and %zu more processes\n", hidden);
	if (watch->not_permitted)
		text_wrapped(out, pool, "", 4,
			     pool_printf(pool,
					 "%" PRIu64
					 " sockets of processes that this user may not look into",
					 watch->not_permitted));
	if (!watch->is_counted && watch->has_attribution)
		fputs("this kernel does not count descriptors (Linux 6.2 does): as of then\n", out);
	if (watch->has_attribution && watch->time.tv_sec > watch->attributed)
		fprintf(out, "who holds CLOSE_WAIT was looked up %s ago\n",
			duration_format(pool,
					(uint64_t)(watch->time.tv_sec - watch->attributed) * 1000));
}

static void print_page(FILE *out, struct pool *pool, const struct watch *watch,
		       const struct style *style)
{
	size_t room = style->lines > 12 ? style->lines - 10 : 2;
	size_t count = watch->shown_count < room ? watch->shown_count : room;

	text_wrapped(out, pool, "", 4,
		     pool_printf(pool, "%s  sample %u  network namespace %s  (Ctrl-C ends)",
				 clock_local(pool, watch->time.tv_sec), watch->sample,
				 watch->netns ? watch->netns : "?"));
	text_wrapped(out, pool, "", 2, states(pool, watch));
	if (watch->file_max)
		fprintf(out, "open files of the system: %" PRIu64 "%s\n", watch->file_nr,
			watch->file_max > INT64_MAX / 2
				? ""
				: pool_printf(pool, " of %" PRIu64, watch->file_max));
	if (watch->request.summary)
		return;
	fputc('\n', out);
	text_colored(
		out, style, BOLD,
		"COMMAND             PID CLOSE_WAIT     FDS     LIMIT   PER S FULL IN HISTORY");
	fputc('\n', out);
	for (size_t i = 0; i < count; i++)
		print_row(out, pool, watch->shown[i], style);
	if (!watch->shown_count)
		fputs("no process grows, holds CLOSE_WAIT or is near its limit\n", out);
	print_foot(out, pool, watch, watch->shown_count - count + watch->left_out);
}

void text_sample(FILE *out, const struct report *report, const struct style *style)
{
	if (!report->watch)
		return;
	if (style->columns)
		print_page(out, report->pool, report->watch, style);
	else
		print_lines(out, report->pool, report->watch, style);
}
