"""Captures of packets.

    frames ─▶ table ─▶ flows ─┬▶ contacts: who was talked to, seen from outside (most of a capture ends here)
    windows   columns         └▶ assembly ─▶ conversation ─▶ parcels
    of 16 MB  of numbers         chunks      unlocks, replays, reads streams

Laws: no Python object per packet, none per flow that nobody asked for; what a column
cannot say is read one packet at a time, by the same code that the tests hold the columns
against; nothing grows with the file but what is reported; whatever stays shut is a
contact with the reason.
"""
