// SPDX-License-Identifier: MIT
/* socket-filter.c and socket-set.c: what options mean, and that errors say what is allowed. */
#include "error.h"
#include "socket-filter.h"
#include "socket-set.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(states_are_parsed)
{
	struct socket_filter filter = SOCKET_FILTER_ALL;
	struct error err;

	ck_assert_int_eq(socket_filter_states("close-wait,ESTAB", &filter, &err), 0);
	ck_assert_uint_eq(filter.states, TCP_STATE_BIT(TCP_STATE_CLOSE_WAIT) |
						 TCP_STATE_BIT(TCP_STATE_ESTABLISHED));
	ck_assert(!socket_filter_is_all(&filter));
	ck_assert_int_lt(socket_filter_states("", &filter, &err), 0);
	ck_assert_int_lt(socket_filter_states("CLOSE_WAIT,FOO", &filter, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "FOO"));
	ck_assert_ptr_nonnull(strstr(err.message, "LAST_ACK"));
	ck_assert_int_lt(socket_filter_states("CLOSE_WAITCLOSE_WAITCLOSE_WAIT", &filter, &err), 0);
}
END_TEST

START_TEST(ports_and_ages_are_parsed)
{
	static const struct {
		const char *text;
		uint64_t want; /* ms; 0: refused */
	} ages[] = { { "90", 90000 },
		     { "90s", 90000 },
		     { "10m", 600000 },
		     { "3h", 10800000 },
		     { "2d", 172800000 },
		     { "", 0 },
		     { "h", 0 },
		     { "3 h", 0 },
		     { "-3", 0 },
		     { "3hh", 0 },
		     { "99999999999999999999", 0 },
		     { "18446744073709551615d", 0 } };
	struct socket_filter filter = SOCKET_FILTER_ALL;
	struct error err;

	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
		int rc = socket_filter_age(ages[i].text, &filter, &err);
		ck_assert_msg((rc == 0) == (ages[i].want != 0), "%s", ages[i].text);
		ck_assert_msg(rc || filter.age == ages[i].want, "%s", ages[i].text);
	}
	ck_assert_int_eq(socket_filter_port("65535", &filter, &err), 0);
	ck_assert_uint_eq(filter.port, 65535);
	ck_assert_int_lt(socket_filter_port("0", &filter, &err), 0);
	ck_assert_int_lt(socket_filter_port("65536", &filter, &err), 0);
	ck_assert_int_lt(socket_filter_port("http", &filter, &err), 0);
}
END_TEST

START_TEST(sockets_match_all_that_was_asked)
{
	struct tcp_socket socket = {
		.state = TCP_STATE_CLOSE_WAIT, .local_port = 80, .peer_port = 40000, .silent = 5000
	};
	struct socket_filter filter = SOCKET_FILTER_ALL;

	ck_assert(socket_filter_matches(&filter, &socket));
	filter.has_port = true;
	filter.port = 40000;
	ck_assert(socket_filter_matches(&filter, &socket));
	filter.port = 81;
	ck_assert(!socket_filter_matches(&filter, &socket));
	filter.port = 80;
	filter.has_age = true;
	filter.age = 5000;
	ck_assert(socket_filter_matches(&filter, &socket));
	filter.age = 5001;
	ck_assert(!socket_filter_matches(&filter, &socket));
	filter.age = 0;
	socket.silent = AGE_UNKNOWN;
	ck_assert(!socket_filter_matches(&filter, &socket));
}
END_TEST

static const struct {
	const char *text;
	uint64_t limit; /* UINT64_MAX: refused */
	bool or_equal, is_share;
	const char *says; /* of the error */
} thresholds[] = {
	{ "close_wait>1000", 1000, false, false, NULL },
	{ "close_wait >= 1k", 1000, true, false, NULL },
	{ "fds>80%", 80, false, true, NULL },
	{ "fds>=100", 100, true, false, NULL },
	{ "oldest>3h", 10800000, false, false, NULL },
	{ "unread>2M", 2000000, false, false, NULL },
	{ "close_wait>80%", UINT64_MAX, false, false, "a number" },
	{ "close_wait", UINT64_MAX, false, false, "> or >=" },
	{ "close_wait<5", UINT64_MAX, false, false, "> or >=" },
	{ "close_wait>", UINT64_MAX, false, false, "a number" },
	{ "close_wait>-1", UINT64_MAX, false, false, "a number" },
	{ "close_wait>1 ", UINT64_MAX, false, false, "a number" },
	{ "fds>%", UINT64_MAX, false, false, "80%" },
	{ "fds>1001%", UINT64_MAX, false, false, "80%" },
	{ "oldest>soon", UINT64_MAX, false, false, "seconds" },
	{ "closewait>5", UINT64_MAX, false, false, "close_wait, never_read" },
	{ "", UINT64_MAX, false, false, "close_wait, never_read" },
	{ ">", UINT64_MAX, false, false, "close_wait, never_read" },
};

START_TEST(thresholds_are_parsed)
{
	struct threshold threshold;
	struct error err;
	int rc = threshold_parse(thresholds[_i].text, &threshold, &err);

	ck_assert_int_eq(rc == 0, thresholds[_i].limit != UINT64_MAX);
	if (rc < 0) {
		ck_assert_msg(strstr(err.message, thresholds[_i].says) != NULL, "%s", err.message);
		return;
	}
	ck_assert_uint_eq(threshold.limit, thresholds[_i].limit);
	ck_assert_int_eq(threshold.or_equal, thresholds[_i].or_equal);
	ck_assert_int_eq(threshold.is_share, thresholds[_i].is_share);
}
END_TEST

static const struct {
	const char *text;
	bool want;
	uint64_t value;
} judged[] = {
	{ "close_wait>99", true, 100 },   { "close_wait>100", false, 0 },
	{ "close_wait>=100", true, 100 }, { "fds>80%", false, 0 },
	{ "fds>=80%", true, 80 },         { "fds>79%", true, 80 },
	{ "fds>799", true, 800 },         { "oldest>=0", false, 0 }, /* not known */
	{ "dead>0", false, 0 },
};

START_TEST(thresholds_are_judged)
{
	struct leak leak = { .oldest = AGE_UNKNOWN,
			     .has_limits = true,
			     .fds = { .used = 800, .soft = 1000, .hard = 2000 } };
	struct threshold threshold;
	struct error err;
	uint64_t value = 0;

	leak.states[TCP_STATE_CLOSE_WAIT] = 100;
	ck_assert_int_eq(threshold_parse(judged[_i].text, &threshold, &err), 0);
	ck_assert_int_eq(threshold_is_exceeded(&threshold, &leak, &value), judged[_i].want);
	if (judged[_i].want)
		ck_assert_uint_eq(value, judged[_i].value);
}
END_TEST

/* Each name is about its own count. */
START_TEST(thresholds_know_their_field)
{
	const struct leak leak = { .states[TCP_STATE_CLOSE_WAIT] = 1,
				   .never_read = 2,
				   .not_closed = 3,
				   .never_accepted = 4,
				   .half_open = 5,
				   .dead = 6,
				   .shared = 7,
				   .listen_full = 8,
				   .unread_bytes = 9,
				   .oldest = 10,
				   .has_limits = true,
				   .fds = { .used = 11, .soft = 50, .hard = 100 } };
	static const char *const names[] = { "close_wait",     "never_read",  "not_closed",
					     "never_accepted", "half_open",   "dead",
					     "shared",         "listen_full", "unread",
					     "oldest",         "fds" };
	struct threshold threshold;
	struct error err;
	uint64_t value;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char text[64];
		snprintf(text, sizeof text, "%s>=0", names[i]);
		ck_assert_int_eq(threshold_parse(text, &threshold, &err), 0);
		ck_assert(threshold_is_exceeded(&threshold, &leak, &value));
		ck_assert_uint_eq(value, i + 1);
	}
}
END_TEST

/* A use or a limit that could not be read is no reason to alarm, and none to be sure. */
START_TEST(thresholds_need_to_know)
{
	struct leak leak = { .fds = { .used = 800, .soft = 1000, .hard = 1000 } };
	struct threshold threshold;
	struct error err;
	uint64_t value;

	ck_assert_int_eq(threshold_parse("fds>1", &threshold, &err), 0);
	ck_assert(!threshold_is_exceeded(&threshold, &leak, &value));
	leak.has_limits = true;
	ck_assert(threshold_is_exceeded(&threshold, &leak, &value));
	leak.fds.used = FDS_UNKNOWN;
	ck_assert(!threshold_is_exceeded(&threshold, &leak, &value));
}
END_TEST

START_TEST(a_set_finds_what_it_has)
{
	struct socket_set set = { 0 };

	ck_assert_ptr_null(socket_set_find(&set, 1));
	for (uint32_t i = 0; i < 10000; i++) /* every second has no inode */
		ck_assert_int_eq(
			socket_set_add(&set, &(struct tcp_socket){ .inode = i % 2 ? i * 3 : 0,
								   .local_port = (uint16_t)i }),
			0);
	ck_assert_int_eq(socket_set_index(&set), 0);
	for (uint32_t i = 1; i < 10000; i++) {
		const struct tcp_socket *found = socket_set_find(&set, i * 3);
		ck_assert_int_eq(found != NULL, i % 2);
		ck_assert(!found || found->local_port == (uint16_t)i);
	}
	ck_assert_ptr_null(socket_set_find(&set, 0));
	ck_assert_ptr_null(socket_set_find(&set, 1));
	socket_set_free(&set);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("socket-filter");
	TCase *tests = tcase_create("socket-filter");

	tcase_add_test(tests, states_are_parsed);
	tcase_add_test(tests, ports_and_ages_are_parsed);
	tcase_add_test(tests, sockets_match_all_that_was_asked);
	tcase_add_loop_test(tests, thresholds_are_parsed, 0,
			    sizeof thresholds / sizeof *thresholds);
	tcase_add_loop_test(tests, thresholds_are_judged, 0, sizeof judged / sizeof *judged);
	tcase_add_test(tests, thresholds_know_their_field);
	tcase_add_test(tests, thresholds_need_to_know);
	tcase_add_test(tests, a_set_finds_what_it_has);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
