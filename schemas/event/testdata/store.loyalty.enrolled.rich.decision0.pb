
s1c1till-12"E-2#0*
emailSÔÕ2ıã~ÕûæoIòÈ2
unify_coreBpendingPÌÈˆË`€À–ºÛ´“jpaperr
unify_corez1‚frˆ