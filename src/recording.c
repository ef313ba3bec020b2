// SPDX-License-Identifier: MIT
/* Samples of `sockets --watch`, see recording.h. Each line is checked whole before anything of it
 * counts. When the curves are full, pairs of their points become one: so an hour and a year cost
 * the same, and a peak never disappears. */
#include "recording.h"

#include "error.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MOST (1ull << 53) /* what a double holds exactly; more is as good as unlimited */

static const char schema[] = "keeltune/sockets-watch/1";

int recording_open(struct recording *ret)
{
	*ret = (struct recording){ .for_point = 1 };
	ret->processes = calloc(RECORDING_PROCESSES, sizeof *ret->processes);
	return ret->processes ? 0 : -ENOMEM;
}

void recording_close(struct recording *recording)
{
	free(recording->processes);
	recording->processes = NULL;
}

/* ---- one line ---------------------------------------------------------------------------- */

/* Any number that is whole: other programs write large ones as they please. */
static bool is_count(const json_t *value)
{
	double number = json_number_value(value);

	if (!json_is_number(value) || number < 0)
		return false;
	return number > EXACT_MOST || (double)(uint64_t)number == number;
}

static uint64_t count_of(const json_t *value)
{
	double number = json_number_value(value);

	return !is_count(value)      ? RECORDING_MISSING
	       : number > EXACT_MOST ? EXACT_MOST
				     : (uint64_t)number;
}

static bool is_limit(const json_t *value)
{
	return json_is_null(value) || is_count(value) ||
	       (json_is_string(value) && !strcmp(json_string_value(value), "unlimited"));
}

/* "2026-11-25T01:02:03Z" */
static bool parse_time(const char *text, time_t *ret)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	int parts[6] = { 0 };
	size_t part = 0;

	if (!text || strlen(text) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++) {
		bool is_digit = text[i] >= '0' && text[i] <= '9';
		if (form[i] != '0' ? text[i] != form[i] : !is_digit)
			return false;
		if (is_digit)
			parts[part] = parts[part] * 10 + text[i] - '0';
		else
			part++;
	}
	struct tm tm = { .tm_year = parts[0] - 1900,
			 .tm_mon = parts[1] - 1,
			 .tm_mday = parts[2],
			 .tm_hour = parts[3],
			 .tm_min = parts[4],
			 .tm_sec = parts[5] };
	*ret = timegm(&tm);
	/* timegm(3) takes a 31st of February for the 3rd of March. */
	return tm.tm_mon == parts[1] - 1 && tm.tm_mday == parts[2] && tm.tm_hour == parts[3] &&
	       tm.tm_min == parts[4];
}

static const char *objection_to_process(const json_t *process)
{
	const json_t *pid = json_object_get(process, "pid");
	const json_t *close_wait = json_object_get(process, "close_wait");

	if (!is_count(pid) || !count_of(pid) || count_of(pid) > INT32_MAX)
		return "a process without a pid";
	if (!json_is_string(json_object_get(process, "comm")))
		return "a process without a comm";
	if (!is_count(json_object_get(process, "used")))
		return "a process whose `used` is no number";
	if (!is_limit(json_object_get(process, "soft")))
		return "a process whose `soft` is no limit";
	if (close_wait && !json_is_null(close_wait) && !is_count(close_wait))
		return "a process whose `close_wait` is no number";
	return NULL;
}

/* NULL: it is a sample that may follow the ones of RECORDING. */
static const char *objection(const struct recording *recording, const json_t *sample,
			     const char **ret_host, time_t *ret_time)
{
	const char *name = json_string_value(json_object_get(sample, "schema"));
	const json_t *states = json_object_get(sample, "states");
	const json_t *processes = json_object_get(sample, "processes"), *process;
	const char *why = NULL;
	size_t i;

	if (!name || strcmp(name, schema) != 0)
		return "no sample of `keeltune sockets --watch --format json`";
	*ret_host = json_string_value(json_object_get(json_object_get(sample, "host"), "name"));
	if (!*ret_host)
		return "a sample without the name of its host";
	if (recording->samples && strncmp(*ret_host, recording->host, sizeof recording->host - 1))
		return "of another host than the first sample";
	if (!parse_time(json_string_value(json_object_get(sample, "time")), ret_time))
		return "a sample without a time";
	if (recording->samples && *ret_time < recording->last)
		return "older than the sample before it";
	if (!json_is_object(states) || !json_is_array(processes))
		return "a sample without states and processes";
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		if (!is_count(json_object_get(states, tcp_state_name(state))))
			return "a sample without all states";
	json_array_foreach (processes, i, process) {
		if (!why)
			why = objection_to_process(process);
	}
	return why;
}

/* ---- curves ------------------------------------------------------------------------------ */

static uint64_t higher(uint64_t a, uint64_t b)
{
	return a == RECORDING_MISSING ? b : b == RECORDING_MISSING ? a : a > b ? a : b;
}

static void clear(uint64_t *curve, size_t from)
{
	for (size_t i = from; i < RECORDING_POINTS; i++)
		curve[i] = RECORDING_MISSING;
}

static void halve(uint64_t *curve)
{
	for (size_t i = 0; i < RECORDING_POINTS / 2; i++)
		curve[i] = higher(curve[2 * i], curve[2 * i + 1]);
	clear(curve, RECORDING_POINTS / 2);
}

static void make_room(struct recording *recording)
{
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		halve(recording->state_curves[state]);
	for (size_t i = 0; i < recording->process_count; i++) {
		halve(recording->processes[i].used_curve);
		halve(recording->processes[i].close_wait_curve);
	}
	for (size_t i = 0; i < RECORDING_POINTS / 2; i++)
		recording->times[i] = recording->times[2 * i];
	recording->count = RECORDING_POINTS / 2;
	recording->for_point *= 2;
}

static void next_point(struct recording *recording, time_t time)
{
	if (recording->count && recording->in_last < recording->for_point) {
		recording->in_last++;
		return;
	}
	if (recording->count == RECORDING_POINTS)
		make_room(recording);
	recording->times[recording->count++] = time;
	recording->in_last = 1;
}

/* ---- processes --------------------------------------------------------------------------- */

static double importance(const struct recorded_process *process)
{
	double share = process->soft ? (double)process->used_most / (double)process->soft : 0;

	return (double)process->close_wait_most + share * 100;
}

static struct recorded_process *find_process(struct recording *recording, pid_t pid,
					     const char *comm)
{
	for (size_t i = 0; i < recording->process_count; i++)
		if (recording->processes[i].pid == pid &&
		    !strncmp(recording->processes[i].comm, comm,
			     sizeof recording->processes[i].comm - 1))
			return &recording->processes[i];
	return NULL;
}

/* A new place, or that of the least important one that has gone. NULL: all are still there. */
static struct recorded_process *place_for(struct recording *recording)
{
	struct recorded_process *least = NULL;

	if (recording->process_count < RECORDING_PROCESSES)
		return &recording->processes[recording->process_count++];
	recording->has_left_out = true;
	for (size_t i = 0; i < recording->process_count; i++) {
		struct recorded_process *process = &recording->processes[i];
		if (process->seen < recording->samples &&
		    (!least || importance(process) < importance(least)))
			least = process;
	}
	return least;
}

static void add_process(struct recording *recording, const json_t *sample)
{
	pid_t pid = (pid_t)count_of(json_object_get(sample, "pid"));
	const char *comm = json_string_value(json_object_get(sample, "comm"));
	const char *unit = json_string_value(json_object_get(sample, "unit"));
	const json_t *soft = json_object_get(sample, "soft");
	struct recorded_process *process = find_process(recording, pid, comm);
	size_t point = recording->count - 1;

	if (!process) {
		process = place_for(recording);
		if (!process)
			return;
		*process = (struct recorded_process){ .pid = pid };
		snprintf(process->comm, sizeof process->comm, "%s", comm);
		clear(process->used_curve, 0);
		clear(process->close_wait_curve, 0);
	}
	snprintf(process->unit, sizeof process->unit, "%s", unit ? unit : "");
	process->seen = recording->samples;
	process->soft = is_count(soft) && count_of(soft) < EXACT_MOST ? count_of(soft) : 0;
	process->used = count_of(json_object_get(sample, "used"));
	if (process->used == UINT32_MAX) /* not permitted */
		process->used = RECORDING_MISSING;
	process->close_wait = count_of(json_object_get(sample, "close_wait"));
	if (process->used != RECORDING_MISSING && process->used > process->used_most)
		process->used_most = process->used;
	if (process->close_wait != RECORDING_MISSING &&
	    process->close_wait > process->close_wait_most)
		process->close_wait_most = process->close_wait;
	process->used_curve[point] = higher(process->used_curve[point], process->used);
	process->close_wait_curve[point] =
		higher(process->close_wait_curve[point], process->close_wait);
}

static void add_sample(struct recording *recording, const json_t *sample, const char *host,
		       time_t time)
{
	const json_t *states = json_object_get(sample, "states"), *process;
	size_t i;

	if (!recording->samples) {
		snprintf(recording->host, sizeof recording->host, "%s", host);
		recording->first = time;
		for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
			clear(recording->state_curves[state], 0);
	}
	recording->samples++;
	recording->last = time;
	next_point(recording, time);
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++) {
		uint64_t *point = &recording->state_curves[state][recording->count - 1];
		recording->states[state] = count_of(json_object_get(states, tcp_state_name(state)));
		*point = higher(*point, recording->states[state]);
	}
	json_array_foreach (json_object_get(sample, "processes"), i, process) {
		add_process(recording, process);
	}
}

int recording_add(struct recording *recording, const char *line, size_t size, struct error *err)
{
	json_error_t problem;
	json_t *sample =
		json_loadb(line, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &problem);
	const char *host = NULL;
	time_t time = 0;

	if (!sample)
		return error_set(err, -EINVAL, "no JSON: %s", problem.text);
	const char *why = objection(recording, sample, &host, &time);
	if (!why)
		add_sample(recording, sample, host, time);
	json_decref(sample);
	return why ? error_set(err, -EINVAL, "%s", why) : 0;
}
