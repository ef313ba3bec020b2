// SPDX-License-Identifier: MIT
/* The style sheet of all HTML pages: light and dark, narrow screens, paper. Text and marks have the
 * contrast of WCAG 2 AA in both schemes, which tests/slow/html.sh measures. Fonts are those of the
 * reader's system. */
#include "html.h"
#include "pool.h"

#include <sha2.h>
#include <string.h>

/* A line of CSS is a line here. */
/* clang-format off */
static const char *const rules[] = {
	/* colours */
	":root{color-scheme:light dark;"
	"--page:#f3f5f8;--card:#fff;--text:#18212d;--muted:#525d6d;--line:#d8dee7;--code:#eef1f5;"
	"--link:#1a58b0;--bar:#2d6cc4;--track:#e4e9f0;"
	"--ok:#0f6b39;--ok-soft:#e3f4ea;--bad:#ab1f17;--bad-soft:#fdebe9;"
	"--warn:#7d4b00;--warn-soft:#fdf1da;--skip:#525d6d;--skip-soft:#e9edf2}",
	"@media screen and (prefers-color-scheme:dark){:root{"
	"--page:#10141a;--card:#191f28;--text:#e6eaf0;--muted:#a7b1c0;--line:#343e4c;--code:#"
	"232b36;"
	"--link:#8fbaff;--bar:#6ea6f5;--track:#2a3340;"
	"--ok:#78d9a1;--ok-soft:#142e20;--bad:#ff9f96;--bad-soft:#391c1b;"
	"--warn:#f3c06a;--warn-soft:#33280f;--skip:#a7b1c0;--skip-soft:#272f3b}}",

	/* text */
	"*,*::before,*::after{box-sizing:border-box}",
	"html{-webkit-text-size-adjust:100%;text-size-adjust:100%}",
	"body{margin:0;background:var(--page);color:var(--text);"
	"font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,Ubuntu,Cantarell,\"Noto Sans\","
	"\"Helvetica Neue\",Arial,sans-serif;overflow-wrap:anywhere}",
	"header.page,main,footer.page{max-width:72rem;margin:0 auto;padding:0 "
	"clamp(.75rem,3vw,2rem)}",
	"header.page{padding-top:clamp(1.25rem,4vw,2.5rem)}",
	"footer.page{padding-top:1rem;padding-bottom:2rem;color:var(--muted);font-size:.875rem}",
	".what{margin:0;color:var(--muted);font-size:.8125rem;font-weight:600;letter-spacing:.06em;"
	"text-transform:uppercase}",
	"h1{margin:.1rem 0 .25rem;font-size:clamp(1.5rem,5vw,2.25rem);line-height:1.2;letter-spacing:-.01em}",
	"h2{margin:0 0 .75rem;font-size:1.25rem;line-height:1.3}",
	"h3{margin:1.5rem 0 .5rem;font-size:1rem;line-height:1.4}",
	"p,ul,ol,dl,pre,figure{margin:.5rem 0}",
	"a{color:var(--link)}",
	"code,pre,kbd{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,\"Liberation Mono\","
	"\"DejaVu Sans Mono\",monospace;font-size:.875em}",
	"code{background:var(--code);border-radius:.25rem;padding:.1em .3em;white-space:pre-wrap}",
	"pre{background:var(--code);border-radius:.5rem;padding:.75rem "
	"1rem;white-space:pre-wrap;line-height:1.45}",
	"pre code{background:none;padding:0;font-size:inherit}",
	".about{margin:0 0 1.25rem;color:var(--muted)}",
	".muted{color:var(--muted)}.none{color:var(--muted)}",
	".bad{color:var(--bad);font-weight:600}",
	".tag{display:inline-block;border:1px solid var(--line);border-radius:1rem;padding:0 .6em;"
	"color:var(--muted);font-size:.8125rem}",
	"ul.plain{list-style:none;padding:0}ul.plain>li{margin:.5rem 0}",
	":focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:.25rem}",
	".skip{position:absolute;left:-100vw}",
	".skip:focus{left:1rem;top:1rem;padding:.5rem 1rem;background:var(--card);z-index:1}",

	/* the verdict and the figures */
	".ok{--mark:var(--ok);--soft:var(--ok-soft)}.differs{--mark:var(--bad);--soft:var(--bad-"
	"soft)}",
	".unknown{--mark:var(--warn);--soft:var(--warn-soft)}"
	".skipped{--mark:var(--skip);--soft:var(--skip-soft)}",
	".sign{flex:none;width:1em;height:1em}.sign circle{fill:var(--mark)}",
	".sign "
	"path{fill:none;stroke:var(--card);stroke-width:1.8;stroke-linecap:round;stroke-linejoin:"
	"round}",
	".card,.verdict{background:var(--card);border:1px solid var(--line);border-radius:.75rem;"
	"padding:clamp(1rem,3vw,1.5rem);margin:0 0 1rem}",
	".verdict{display:flex;gap:clamp(.75rem,2vw,1.25rem);background:var(--soft);border-color:"
	"var(--mark);"
	"border-left-width:.5rem}",
	".verdict>.sign{width:2.25rem;height:2.25rem}",
	".verdict>div{flex:1;min-width:0}",
	".verdict h2{margin:.1rem 0 .5rem;font-size:clamp(1.2rem,3.5vw,1.5rem)}",
	".verdict pre{background:var(--card)}",
	".badge{display:inline-flex;align-items:center;gap:.4em;padding:.15em .7em .15em "
	".4em;border-radius:1rem;"
	"background:var(--soft);color:var(--mark);font-size:.875rem;font-weight:600;white-space:"
	"nowrap}",
	".badge .sign path{stroke:var(--soft)}",
	".figures{display:flex;flex-wrap:wrap;gap:.75rem;list-style:none;padding:0;margin:0 0 "
	"1rem}",
	".figures li{flex:1 1 8rem;background:var(--card);border:1px solid "
	"var(--line);border-radius:.75rem;"
	"border-top:.25rem solid var(--mark);padding:.6rem "
	"1rem;color:var(--muted);font-size:.875rem}",
	".figures b{display:block;color:var(--mark);font-size:1.75rem;line-height:1.2;"
	"font-variant-numeric:tabular-nums}",
	".figures .zero{border-top-color:var(--line)}.figures .zero b{color:var(--muted)}",
	"dl{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.35rem "
	"1.25rem;margin:0}",
	"dt{grid-column:1;color:var(--muted);font-size:.875rem;line-height:1.7}",
	"dd{grid-column:2;margin:0;min-width:0}dd ul,dd p{margin:.25rem 0}",

	"nav{margin:0 0 1rem}nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;"
	"margin:0;padding:0}nav a{display:inline-block;padding:.25rem 0}",

	/* tables */
	"table{border-collapse:collapse;width:100%}",
	"caption{text-align:left;color:var(--muted);font-size:.875rem;padding-bottom:.5rem}",
	"th,td{text-align:left;vertical-align:top;padding:.5rem .75rem .5rem 0}",
	"thead th{color:var(--muted);font-size:.8125rem;font-weight:600;border-bottom:2px solid "
	"var(--line)}",
	"tbody th{font-weight:600}td,tbody th{overflow-wrap:break-word}.why td,th code{overflow-wrap:anywhere}",
	".short,thead th{white-space:nowrap}",
	"tbody tr{border-bottom:1px solid var(--line)}",
	".number{text-align:right;font-variant-numeric:tabular-nums}",

	".share{display:block;width:100%;max-width:22rem;height:.4rem;margin-top:.35rem}"
	".share rect{fill:var(--mark)}",
	"td.number,th.number{padding-right:1.25rem}td details.more,td details.more>summary{margin:0;padding:0}",

	/* what unfolds */
	"tbody tr:has(+.why){border-bottom:0}",
	"tr.why td{padding-top:0;padding-bottom:.5rem}",
	"tr.why details{margin:0}",
	"table.settings th code{background:none;padding:0}table.settings tbody th{min-width:13em}",
	"summary{cursor:pointer}",
	"details.more{margin:.25rem 0}",
	"details.more>summary{padding:.25rem 0}details.more>summary::marker{color:var(--link)}",
	"details.more>summary:hover{text-decoration:underline}",
	"details.more[open]>summary{margin-bottom:.25rem}",
	"pre.diff ins{color:var(--ok);text-decoration:none}pre.diff "
	"del{color:var(--bad);text-decoration:none}",
	"pre.diff b{color:var(--muted);font-weight:600}",

	/* charts */
	".charts,.panels{display:grid;gap:1.25rem 2rem;"
	"grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));margin:1rem 0}",
	".panels{grid-template-columns:repeat(auto-fill,minmax(min(100%,18rem),1fr))}",
	"figure{margin:0;min-width:0}figcaption{font-weight:600;margin-bottom:.5rem}",
	".panel figcaption{display:flex;justify-content:space-between;gap:1rem;font-weight:400;"
	"font-size:.875rem;margin:0}",
	"svg.chart{display:block;overflow:visible}",
	".chart text{fill:var(--text);font-size:.875rem;font-variant-numeric:tabular-nums}",
	".chart .value{text-anchor:end}.chart text.bad{fill:var(--bad);font-weight:600}",
	"p.axis{display:flex;justify-content:space-between;gap:1rem;margin:.15rem 0;color:var(--muted);"
	"font-size:.75rem;line-height:1.3}",
	".track{fill:var(--track)}.bar{fill:var(--bar)}.bar.bad{fill:var(--bad)}",
	".line{fill:none;stroke:var(--bar);stroke-width:2;vector-effect:non-scaling-stroke}",
	".area{fill:var(--bar);opacity:.18}.line.bad{stroke:var(--bad)}.area.bad{fill:var(--bad)}",
	".limit{fill:none;stroke:var(--text);stroke-width:1.5;stroke-dasharray:6 4;"
	"vector-effect:non-scaling-stroke}",

	/* a narrow screen: a row is a card, its cells are named; the head is there for those who
	   hear it */
	"@media screen and (max-width:50rem){",
	"table.stack,table.stack caption,table.stack tbody,table.stack tr,table.stack "
	"th,table.stack td"
	"{display:block}",
	"table.stack "
	"thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);"
	"white-space:nowrap}",
	"table.stack tr{padding:.75rem 0}",
	"table.stack th,table.stack td{padding:.15rem 0;text-align:left}",
	"table.stack "
	"td[data-label]{display:flex;gap:1rem;justify-content:space-between;text-align:right}",
	"table.stack "
	"td[data-label]::before{content:attr(data-label);color:var(--muted);font-size:.875rem;"
	"flex:none;text-align:left}",
	"dl{display:block}dt{margin-top:.4rem}",
	"}",

	/* paper */
	"@page{margin:14mm}",
	"@media print{",
	"body{background:none;font-size:10pt}.skip,nav{display:none}",
	"header.page,main,footer.page{max-width:none;padding:0}",
	".card,.verdict,.figures li{break-inside:auto;border-radius:0;padding:.6rem .8rem}",
	".card{border-width:1px 0 0;padding:.8rem 0}",
	".verdict,.figures,tbody tr,figure,h2,h3{break-inside:avoid}tbody tr.why{break-inside:auto}",
	"h2,h3,caption,summary,tbody tr:has(+.why){break-after:avoid}",
	"th,td{padding-right:.5rem}.charts{grid-template-columns:1fr 1fr}",
	"thead{display:table-header-group}",
	"*{-webkit-print-color-adjust:exact;print-color-adjust:exact}",
	"details::details-content{display:block;content-visibility:visible;height:auto}",
	"details>summary{list-style:none}",
	"}",
};
/* clang-format on */

const char *html_style(struct pool *pool)
{
	size_t size = 1, count = sizeof rules / sizeof *rules;

	for (size_t i = 0; i < count; i++)
		size += strlen(rules[i]) + 1;
	char *style = pool_alloc(pool, size), *to = style;
	for (size_t i = 0; i < count; i++) {
		to = stpcpy(to, rules[i]);
		*to++ = '\n';
	}
	return style;
}

const char *html_style_digest(struct pool *pool, const char *style)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t digest[SHA256_DIGEST_LENGTH + 1] = { 0 }; /* 32 bytes, and one to make it threes */
	char *text = pool_strdup(pool, "sha256-"
				       "............................................");
	char *to = text + strlen("sha256-");
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)style, strlen(style));
	SHA256Final(digest, &context);
	for (size_t i = 0; i < sizeof digest; i += 3) {
		uint32_t bits =
			(uint32_t)digest[i] << 16 | (uint32_t)digest[i + 1] << 8 | digest[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			*to++ = digits[bits >> shift & 63];
	}
	to[-1] = '=';
	return text;
}
