/* SPDX-License-Identifier: MIT
 *
 * Compares what is wanted with what was observed. Every judgement of keeltune is made here.
 */
#ifndef KEELTUNE_AUDIT_H
#define KEELTUNE_AUDIT_H

#include "model.h"
#include "provider.h"

struct audit {
	struct finding *findings; /* in the order of the settings */
	size_t count;
	size_t summary[VERDICT_COUNT];
	struct notes notes;
};

/* Observes HOST through the providers of SETTINGS and judges. The result lives in HOST's pool and
 * borrows SETTINGS. */
void audit_run(struct host *host, const struct query *query, const struct setting *settings,
	       size_t count, struct audit *ret_audit);

/* The line that decides, or that others lose to; file NULL: nothing on disk does. */
struct origin finding_origin(const struct finding *finding);

/* Does something differ that an apply would change? What runs and has its limits from its start on,
 * or differs in the live layer only, is none of that. */
bool audit_differs_for_apply(const struct audit *audit);

const char *verdict_name(enum verdict verdict); /* "ok", "differs", "unknown", "skipped" */
const char *layer_name(enum layer layer);       /* "configured", "boot", "running", "live" */

#endif
