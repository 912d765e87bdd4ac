
s1c1	mobile-fr *acme:Europe/ParisBFRHRs-2Zscreen.viewed`h€†§‡®œ“p€¡ˆ®œ“x€À–ºÛ´“‚éY|t/úq¢
customer4wb`Wfmòâh†ŸOÌ¢#
device˜Û¾×ã.€19Ş
	‰äî €¦úÌ°ÒE

device˜Û¾×ã.€19Ş
	‰äî€¦úÌ¬"
customer4wb`Wfmòâh†ŸOÌÚô”ãß|˜êş4ÂBË§GN’
Product list