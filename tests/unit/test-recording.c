// SPDX-License-Identifier: MIT
/* recording.c: what is a sample, what is none, and curves that stay as long as they are. */
#include "recording.h"

#include "error.h"
#include "pool.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct recording recording;
static struct pool *pool;
static struct error err;

static void set_up(void)
{
	pool = pool_new();
	ck_assert_int_eq(recording_open(&recording), 0);
}

static void tear_down(void)
{
	recording_close(&recording);
	pool_free(pool);
}

static const char states[] =
	"\"ESTABLISHED\":5,\"SYN_SENT\":0,\"SYN_RECV\":0,\"FIN_WAIT1\":0,\"FIN_WAIT2\":0,"
	"\"TIME_WAIT\":0,\"CLOSE\":0,\"LAST_ACK\":0,\"LISTEN\":1,\"CLOSING\":0,";

/* A sample SECONDS after 2026-01-01. */
static const char *sample(unsigned seconds, unsigned close_wait, const char *processes)
{
	return pool_printf(pool,
			   "{\"schema\":\"keeltune/sockets-watch/1\",\"host\":{\"name\":\"a\"},"
			   "\"time\":\"2026-01-%02uT%02u:%02u:%02uZ\",\"states\":{%s"
			   "\"CLOSE_WAIT\":%u},\"processes\":[%s]}",
			   1 + seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60,
			   seconds % 60, states, close_wait, processes);
}

static int add(const char *line)
{
	return recording_add(&recording, line, strlen(line), &err);
}

static const char *process(unsigned pid, const char *comm, unsigned used, unsigned close_wait)
{
	return pool_printf(pool,
			   "{\"pid\":%u,\"comm\":\"%s\",\"unit\":null,\"used\":%u,\"soft\":1024,"
			   "\"close_wait\":%u}",
			   pid, comm, used, close_wait);
}

START_TEST(a_sample_counts)
{
	ck_assert_int_eq(add(sample(10, 3, process(7, "x", 20, 3))), 0);
	ck_assert_int_eq(add(sample(10, 4, process(7, "x", 21, 4))), 0);
	ck_assert_int_eq(add(sample(12, 2, "")), 0);
	ck_assert_uint_eq(recording.samples, 3);
	ck_assert_uint_eq(recording.count, 3);
	ck_assert_str_eq(recording.host, "a");
	ck_assert_int_eq(recording.last - recording.first, 2);
	ck_assert_int_eq(recording.first, 1767225610); /* date -d 2026-01-01T00:00:10Z +%s */
	ck_assert_uint_eq(recording.state_curves[TCP_STATE_CLOSE_WAIT][1], 4);
	ck_assert_uint_eq(recording.states[TCP_STATE_ESTABLISHED], 5);
	ck_assert_uint_eq(recording.process_count, 1);
	ck_assert_uint_eq(recording.processes[0].used_curve[1], 21);
	ck_assert_uint_eq(recording.processes[0].used_curve[2], RECORDING_MISSING);
	ck_assert_uint_eq(recording.processes[0].close_wait_most, 4);
	ck_assert_uint_eq(recording.processes[0].soft, 1024);
	ck_assert_uint_lt(recording.processes[0].seen, recording.samples);
}
END_TEST

/* What of a good sample is replaced by what, and the word that the message has. */
static const struct {
	const char *old, *new, *why;
} broken[] = {
	{ "{\"schema\"", "{", "no JSON" },
	{ "sockets-watch/1", "sockets/1", "no sample" },
	{ "{\"name\":\"a\"}", "{\"name\":\"b\"}", "another host" },
	{ "{\"name\":\"a\"}", "null", "name of its host" },
	{ "2026-01-01T00:00:10Z", "2026-02-30T00:00:10Z", "time" },
	{ "2026-01-01T00:00:10Z", "2026-01-01 00:00:10", "time" },
	{ "2026-01-01T00:00:10Z", "2025-12-31T23:59:59Z", "older" },
	{ "\"CLOSE_WAIT\":3", "\"CLOSE_WAIT\":-3", "states" },
	{ "\"CLOSE_WAIT\":3", "\"CLOSE_WAIT\":\"3\"", "states" },
	{ "\"CLOSE_WAIT\":3", "\"CLOSE_WAIT\":1.5", "states" },
	{ "\"CLOSE_WAIT\":3", "\"X\":3", "states" },
	{ "\"CLOSE_WAIT\":3", "\"LISTEN\":3", "no JSON" }, /* twice */
	{ "\"processes\":[", "\"process\":[", "processes" },
	{ "\"pid\":7", "\"pid\":0", "pid" },
	{ "\"pid\":7", "\"pid\":99999999999", "pid" },
	{ "\"pid\":7", "\"pid\":7.5", "pid" },
	{ "\"comm\":\"x\"", "\"comm\":7", "comm" },
	{ "\"comm\":\"x\"", "\"comm\":\"\\u0000\"", "no JSON" },
	{ "\"used\":20", "\"used\":null", "used" },
	{ "\"soft\":1024", "\"soft\":\"many\"", "soft" },
	{ "\"close_wait\":3", "\"close_wait\":[]", "close_wait" },
	{ "]}", "]", "no JSON" },
	{ "]}", "]} {}", "no JSON" },
	{ "{", "[[[[[[[[", "no JSON" },
};

START_TEST(what_is_broken_adds_nothing)
{
	const char *good = sample(10, 3, process(7, "x", 20, 3));
	const char *at = strstr(good, broken[_i].old);
	ck_assert_ptr_nonnull(at);
	const char *bad = pool_printf(pool, "%.*s%s%s", (int)(at - good), good, broken[_i].new,
				      at + strlen(broken[_i].old));

	ck_assert_int_eq(add(good), 0);
	ck_assert_int_lt(add(bad), 0);
	ck_assert_msg(strstr(err.message, broken[_i].why), "%s", err.message);
	ck_assert_uint_eq(recording.samples, 1);
	ck_assert_uint_eq(recording.process_count, 1);
	ck_assert_int_eq(add(good), 0);
}
END_TEST

START_TEST(numbers_as_other_programs_write_them)
{
	ck_assert_int_eq(add("{\"schema\":\"keeltune/sockets-watch/1\",\"host\":{\"name\":\"a\"},"
			     "\"time\":\"2026-01-01T00:00:00Z\",\"states\":{\"ESTABLISHED\":5.0,"
			     "\"SYN_SENT\":0,\"SYN_RECV\":0,\"FIN_WAIT1\":0,\"FIN_WAIT2\":0,"
			     "\"TIME_WAIT\":0,\"CLOSE\":0,\"LAST_ACK\":0,\"LISTEN\":1e2,"
			     "\"CLOSING\":0,\"CLOSE_WAIT\":9223372036854776000},\"processes\":[],"
			     "\"file_max\":9223372036854776000}"),
			 0);
	ck_assert_uint_eq(recording.states[TCP_STATE_ESTABLISHED], 5);
	ck_assert_uint_eq(recording.states[TCP_STATE_LISTEN], 100);
	ck_assert_uint_eq(recording.states[TCP_STATE_CLOSE_WAIT], 1ull << 53);
}
END_TEST

/* However many samples, a peak is still there, and times and gaps are where they were. */
START_TEST(long_recordings_keep_their_peaks)
{
	enum { SAMPLES = 20 * RECORDING_POINTS + 77, PEAK = 3333 };

	for (unsigned i = 0; i < SAMPLES; i++) {
		struct pool *keep = pool;
		pool = pool_new();
		ck_assert_int_eq(add(sample(i, i == PEAK ? 5000 : 1,
					    i < SAMPLES / 2 ? process(7, "x", i == PEAK, 0) : "")),
				 0);
		pool_free(pool);
		pool = keep;
	}
	ck_assert_uint_eq(recording.samples, SAMPLES);
	ck_assert_uint_le(recording.count, RECORDING_POINTS);
	ck_assert_uint_ge(recording.count, RECORDING_POINTS / 2);
	ck_assert_uint_eq(recording.for_point, 32);
	size_t peak = PEAK / recording.for_point;
	for (size_t i = 0; i < recording.count; i++) {
		bool is_told = i * recording.for_point < SAMPLES / 2;
		ck_assert_uint_eq(recording.state_curves[TCP_STATE_CLOSE_WAIT][i],
				  i == peak ? 5000 : 1);
		ck_assert_uint_eq(recording.processes[0].used_curve[i],
				  is_told ? i == peak : RECORDING_MISSING);
		ck_assert_int_eq(recording.times[i] - recording.times[0],
				 (time_t)(i * recording.for_point));
	}
	ck_assert_int_eq(recording.last - recording.first, SAMPLES - 1);
}
END_TEST

START_TEST(the_processes_that_matter_stay)
{
	unsigned pid = 1;

	for (unsigned i = 0; i < 40; i++) {
		const char *all = process(999999, "leaks", 500, 100 + i);
		for (unsigned j = 0; j < 50; j++)
			all = pool_printf(pool, "%s,%s", all, process(pid++, "comes", 1, 0));
		ck_assert_int_eq(add(sample(i, 0, all)), 0);
	}
	ck_assert_uint_eq(recording.process_count, RECORDING_PROCESSES);
	ck_assert(recording.has_left_out);
	for (size_t i = 0; i < recording.process_count; i++)
		if (recording.processes[i].pid == 999999) {
			ck_assert_uint_eq(recording.processes[i].close_wait_most, 139);
			ck_assert_uint_eq(recording.processes[i].used_most, 500);
			ck_assert_uint_eq(recording.processes[i].close_wait_curve[0], 100);
			return;
		}
	ck_abort_msg("the one that leaks is gone");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recording");
	TCase *cases = tcase_create("recording");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, a_sample_counts);
	tcase_add_loop_test(cases, what_is_broken_adds_nothing, 0, sizeof broken / sizeof *broken);
	tcase_add_test(cases, numbers_as_other_programs_write_them);
	tcase_add_test(cases, long_recordings_keep_their_peaks);
	tcase_add_test(cases, the_processes_that_matter_stay);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
