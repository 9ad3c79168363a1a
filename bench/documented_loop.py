"""Reads audit events as the documentation's example does: one request after the other, 100 events a page.

usage: documented_loop.py URL SINCE UNTIL; prints how many events there are. Only the standard library is needed.
"""
import json
import sys
import urllib.parse
import urllib.request

url, since, until = sys.argv[1:]
params = {"time_after": int(since), "time_before": int(until), "first": 100}
count = 0
while True:
    request = urllib.request.Request(
        f"{url}/v3beta1/enterprise/audit-logs?{urllib.parse.urlencode(params)}",
        headers={"Authorization": "Bearer cog_bench"},
    )
    with urllib.request.urlopen(request) as response:
        data = json.load(response)
    count += len(data["items"])
    if not data.get("has_next_page"):
        break
    params["after"] = data["end_cursor"]
print(count)
