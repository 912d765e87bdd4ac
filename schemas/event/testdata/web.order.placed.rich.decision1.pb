
s1c1web-fr"o-2#1*
emailSÔÕ2ıã~ÕûæoIòÈ2ads_custom_audience:adnetBrefuseP€‚ÌÍ`€À–ºÛ´“ˆ