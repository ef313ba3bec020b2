#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""fleet_generate.py TEMPLATE COUNT: COUNT audits as lines of JSON, each like the audit in TEMPLATE.

Name, machine id and time are those of different hosts, a twentieth of them twice; the running value
of the first sysctl key is drawn from a few, so that there are groups; every thousandth line is cut off.
"""

import json
import random
import sys
import time


def main():
    template, count = json.load(open(sys.argv[1])), int(sys.argv[2])
    draw = random.Random(1)
    now = time.time()
    template["host"] = {**template["host"], "name": "@NAME@", "machine_id": "@ID@"}
    template["time"] = "@TIME@"
    first = next(f for f in template["findings"] if f["id"].startswith("sysctl:"))
    first["layers"]["running"] = "@VALUE@"
    first["verdict"] = "@VERDICT@"
    parts = json.dumps(template)
    for i in range(count):
        host = i if i % 20 else max(i - 7, 0)
        value = draw.choice((7200, 7200, 7200, 1800, 1800, 600, 7300, 9000))
        line = (parts.replace("@NAME@", f"web{host:06}.example.net").replace("@ID@", f"{host:032x}")
                .replace("@TIME@", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - draw.randrange(86400))))
                .replace('"@VALUE@"', str(value)).replace("@VERDICT@", "ok" if value <= 1800 else "differs"))
        if i % 1000 == 999:
            line = line[:draw.randrange(1, len(line))]
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
