/* SPDX-License-Identifier: MIT
 *
 * What the render-text*.c share. All of them print at most 80 columns (wrap.h), and are readable
 * without colour; whatever comes from the host goes through text_safe().
 */
#ifndef KEELTUNE_RENDER_TEXT_H
#define KEELTUNE_RENDER_TEXT_H

#include "report.h"
#include "socket-report.h"
#include "wrap.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define CYAN "\033[36m"
#define BOLD "\033[1m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

const char *text_safe(struct pool *pool, const char *text);
void text_colored(FILE *out, const struct style *style, const char *color, const char *text);
const char *text_in_color(struct pool *pool, const struct style *style, const char *color,
			  const char *text);
/* TEXT, whatever it is, in lines of at most 80 columns, each after INDENT blanks; the first begins
 * with LEAD instead; see wrap.h. text_lines(): of TEXT that is safe already, and may have colours.
 */
void text_wrapped(FILE *out, struct pool *pool, const char *lead, size_t indent, const char *text);
void text_lines(FILE *out, struct pool *pool, const char *lead, size_t indent, const char *text);
/* How to undo the transaction ID, of the tree ROOT unless that is NULL. */
void text_undo(FILE *out, struct pool *pool, const char *id, const char *root);
const char *text_plural(size_t count); /* "s", or "" for 1 */
void text_notes(FILE *out, const struct report *report, const struct notes *notes);
/* "4096", "64 MiB", "unlimited": an amount of the kernel as a person says it. */
const char *text_amount(struct pool *pool, const struct limit_row *row, uint64_t number);
/* A line of limits.conf as it was read: "alice soft nofile 4096". */
const char *text_rule(struct pool *pool, const struct limits_entry *line);

/* A cell of the audit's table: the value, "none", "-" or "?"; and what is accepted: ">= 4096". */
const char *text_reading(struct pool *pool, const struct reading *reading);
const char *text_accepted(struct pool *pool, const struct setting *setting);
/* "nginx.service (9, root, pid 812 nginx, up to 900 in use)" */
const char *text_live_group(struct pool *pool, const struct live_group *group);
const char *text_live_noun(enum live_kind kind, size_t count); /* "process", "sockets" */

/* What runs already and is outside the range that FINDING of AUDIT accepts, and what to do. */
void text_live(FILE *out, struct pool *pool, const struct audit *audit, size_t finding,
	       bool verbose);

/* One sentence about the sockets without its stop; "" when there is nothing to say. */
const char *text_sockets_summary(struct pool *pool, const struct socket_report *report);
bool text_sockets_are_bad(const struct socket_report *report);
/* How many processes from number FIRST on look the same: workers with the same sockets. */
size_t text_leaks_alike(const struct socket_report *report, size_t first);
/* What is known about the CLOSE_WAIT of a process, in three clauses. */
void text_leak_evidence(struct pool *pool, const struct leak *leak, const char *ret[3]);
/* "812 of 1024 (hard 4096, 79%)" */
const char *text_descriptors(struct pool *pool, const struct listed_process *fds);

struct fleet_value;
/* What is wanted of a setting in a fleet: "at most 1800". What hosts have: "running 1, boot 2", or
 * the one value. */
const char *text_fleet_wanted(struct pool *pool, const char *want, const char *at_least,
			      const char *at_most);
const char *text_fleet_value(struct pool *pool, const struct fleet_value *value);

render_function text_audit, text_diff, text_apply, text_rollback, text_history_show, text_explain,
	text_limits, text_sockets, text_sample, text_relieve, text_fleet;

#endif
