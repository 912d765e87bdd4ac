
s1c1	mobile-fr *acme:Europe/ParisBFRHRs-1Zscreen.viewed`h€øØê­œ“x€À–ºÛ´“‚moJon¢#
device˜Û¾×ã.€19Þ
	‰äî €¦úÌ°Ò&

device˜Û¾×ã.€19Þ
	‰äî€¦úÌ¬Ú37Tü=[K«Õ¯&˜[¢’
Home