"""Drafting: claim waiting rows, ask the model, write what came of it, sweep up what stalled.

- `pace`       how long leases last, how often to try, how much to hold
- `claiming`   rows become ours for a while: claim, renew, hand back
- `asking`     the request that a claimed row makes of the model
- `judging`    what an answer amounts to: ready, blocked, another try, failed
- `writing`    outcomes into the database, fenced by the attempt
- `window`     how many requests one server gets at once
- `breaker`    when a server gets none at all
- `serving`    which servers serve which model versions
- `database`   the one thread in which an engine speaks to PostgreSQL
- `engine`     the event loop that ties them together
- `drainers`   who drafts right now
- `sweeping`   what stalled goes back, what is finished is closed
"""
