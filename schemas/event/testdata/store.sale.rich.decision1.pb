
s1c1till-12"
T12-0018#1*
phone6J†Äï¿²m¾"œ*2	marketing:smsBrefusePîÒÔÍ`€À–ºÛ´“ˆ