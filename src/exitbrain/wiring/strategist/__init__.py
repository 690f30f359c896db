"""The strategist, wired: a plan is proposed, judged gate by gate, and put into force by an operator's word."""
