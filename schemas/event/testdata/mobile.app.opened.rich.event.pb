
s1c1	mobile-fr *acme:Europe/ParisBFRHRa-2Z
app.opened`h€êŠÎ­œ“pÀîÇÎ­œ“x€À–ºÛ´“‚a×h:d«£}¢
customer4wb`Wfmòâh†ŸOÌ¢#
device˜Û¾×ã.€19Ş
	‰äî €¦úÌ°ÒE

device˜Û¾×ã.€19Ş
	‰äî€¦úÌ¬"
customer4wb`Wfmòâh†ŸOÌÚô”ãß|˜êş4ÂBË§GNú
countryFRú
languagefrŠ
5.2.1