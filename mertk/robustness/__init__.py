"""What a trained recipe makes of clips whose media are bad, out of step, or not there.

`conditions` and `absence` say what happens to clips, `reopen` finds a finished run again, `matrix`
has its models predict, `kept` is what lies on disk of it and needs no torch to be read.
"""
