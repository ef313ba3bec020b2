# SPDX-License-Identifier: MIT
# awk -f fill.awk TABLE SCRIPT: the script with the table where it says @TABLE@. In fish it stands between
# quotes; the other two have it in a here-document.

FNR == NR {
	table = table (NR > 1 ? "\n" : "") $0
	next
}

FNR == 1 && FILENAME ~ /\.fish$/ {
	gsub(/[\\']/, "\\\\&", table)
}

{
	at = index($0, "@TABLE@")
	print at ? substr($0, 1, at - 1) table substr($0, at + 7) : $0
}
