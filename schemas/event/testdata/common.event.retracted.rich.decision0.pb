
s1c1till-12"T12-0018*
emailSÔÕ2ıã~ÕûæoIòÈ2sale_retractedBwithdrawPîÒÔÍ`€À–ºÛ´“ˆ