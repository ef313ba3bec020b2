/* SPDX-License-Identifier: MIT
 *
 * A provider knows one kind of setting: how to check it, observe it, and propose changes.
 * It never writes: proposals go into a plan, which apply.c executes.
 */
#ifndef KEELTUNE_PROVIDER_H
#define KEELTUNE_PROVIDER_H

#include "engine.h"
#include "model.h"

struct error;
struct host;
struct plan;

/* What part of the world is asked about. */
struct query {
	bool runtime;                 /* judge and change the running values */
	bool persistent;              /* judge and change what the next boot or login gets */
	bool live;                    /* look at and judge what runs already, too */
	struct engine_choice engines; /* who applies sysctl files at boot */
	const char *netns; /* --netns: its name; only what is per network namespace is judged. Or
			      NULL */
};

/* How a kind looks in a profile. */
enum section_form {
	SECTION_VALUE,  /* sysctl "NAME" { value = ... } */
	SECTION_ITEMS,  /* limits "NAME" { item "ITEM" { soft = ... hard = ... } } */
	SECTION_MODULE, /* pam "NAME" { module = "pam_limits.so" } */
};

struct provider {
	const char *kind;    /* first part of the ids: "limit" */
	const char *section; /* the word in profiles: "limits" */
	enum section_form form;
	bool files_only; /* no runtime plane: sessions read the files when they are opened */
	const char *boot_phrase; /* begins a reason: "the next boot leaves", "a new login gets" */

	/* Checks name, item, side and the values of one setting (want, at_least, at_most as parsed
	 * by value_parse), may normalise them, and sets min and max (bounds and safe range
	 * intersected). The message says what was found and what is allowed, without file:line. */
	int (*check)(struct pool *pool, struct setting *setting, struct error *err);

	/* Fills RET[i] for SETTINGS[i] (all of this kind) and adds notes on mistakes seen on the
	 * way. */
	void (*observe)(struct host *host, const struct query *query,
			const struct setting *const *settings, size_t count, struct observed *ret,
			struct notes *notes);

	/* Adds to PLAN what would make FINDINGS (all of this kind, in profile order) compliant, and
	 * what becomes superfluous in this provider's own files. Called with count 0, too.
	 * plan_put_*() change HOST's overlay at once, so that observe() then sees the proposal.
	 * What cannot be cured is left: the audit after the proposal reports it. An error refuses
	 * the whole plan. */
	int (*propose)(struct host *host, const struct query *query, const struct finding *findings,
		       size_t count, struct plan *plan, struct error *err);

	/* What must be done on the running host before a change of the file at PATH counts, as a
	 * sentence; NULL: nothing, or it is a file of another kind. The member may be NULL. */
	const char *(*follow_up)(struct pool *pool, const char *path);
};

extern const struct provider provider_sysctl;
extern const struct provider provider_limits;
extern const struct provider provider_pam;
extern const struct provider provider_unit;

#endif
