"""The same work for ours and for others: workloads, contenders, and the page that shows their ratios."""
