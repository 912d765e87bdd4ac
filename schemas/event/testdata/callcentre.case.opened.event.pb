
s1c1callcentre-fr *acme:Europe/ParisBFRHRc-1Zcase.opened`h€î‹î½¤“x€À–ºÛ´“‚lF&çÜC.¢
customer4wb`Wfmòâh†ŸOÌª
case}´y<ÎQ·d3õ›qÏà¸Ò2
customer4wb`Wfmòâh†ŸOÌÚ„‘ÑË;—¸§áÍLZg„ƒ¢
	complaint