"""Jobs: work beside the requests, in steps that a kill does not undo, by the calendar or on demand.

In: jobs with their schedules. Out: runs with their steps, results and faults; each slot of a schedule runs once.
Must not know: what the work is, who answers requests meanwhile.
"""
