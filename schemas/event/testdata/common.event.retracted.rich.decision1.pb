
s1c1till-12"T12-0018*
phone6J†Äï¿²m¾"œ*2sale_retractedBwithdrawPîÒÔÍ`€À–ºÛ´“ˆ