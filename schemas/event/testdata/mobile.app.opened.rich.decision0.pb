
s1c1	mobile-fr"a-2#0*
device˜Û¾×ã.€19Þ
	‰äî2unify_behaviourBgrantP´úÎÍX´ž÷Ý`€À–ºÛ´“japprweb-privacyz3‚frˆ